package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/imbundle/imbundle/bundle"
)

// HostKeyError is a host that does not show the key by which it is known. It is never talked to.
type HostKeyError struct {
	Host    string
	Changed bool     // another key is known; else none is, or it was revoked
	Revoked bool     // the key is marked as revoked
	Shown   string   // type and fingerprint of the key that it shows
	Files   []string // where the known key stands, or where one was looked for
}

func (e *HostKeyError) Error() string {
	where := strings.Join(e.Files, ", ")
	switch {
	case e.Revoked:
		return fmt.Sprintf("%s shows a key that is revoked in %s: %s", e.Host, where, e.Shown)
	case e.Changed:
		return fmt.Sprintf("the host key of %s has changed: it shows %s, %s has another one; somebody may sit in between, or the machine is new. Nothing was sent; "+
			"if it is right, take the old key away with ssh-keygen -R", e.Host, e.Shown, where)
	}
	return fmt.Sprintf("%s is unknown: it shows %s, and %s has no key of it; compare that with the machine, then add it with ssh-keyscan, or give --known-hosts", e.Host, e.Shown, where)
}

// GapReason tells an unknown host, which is as if it were not allowed, from one that is another.
func (e *HostKeyError) GapReason() string {
	if e.Changed || e.Revoked {
		return bundle.Failed
	}
	return bundle.Forbidden
}

// knownHosts are the keys by which hosts are known.
type knownHosts struct {
	files []string
	find  ssh.HostKeyCallback
}

// knownHosts reads the file that is named, or those of ssh that there are.
func (s *SSH) knownHosts() (*knownHosts, error) {
	k := &knownHosts{files: []string{s.KnownHosts}}
	if s.KnownHosts == "" {
		k.files = nil
		for _, file := range []string{filepath.Join(home(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"} {
			if _, err := os.Stat(file); err == nil {
				k.files = append(k.files, file)
			}
		}
	}
	if len(k.files) == 0 {
		return nil, errors.New("there is no known_hosts file: give one with --known-hosts (ssh-keyscan writes one; compare it with the machines)")
	}
	var err error
	if k.find, err = knownhosts.New(k.files...); err != nil {
		return nil, fmt.Errorf("reading known hosts: %w", err)
	}
	return k, nil
}

// check accepts a key that is known for one of the names, unless another is known for any of them.
func (k *knownHosts) check(names []string, remote net.Addr, key ssh.PublicKey) error {
	e := &HostKeyError{Host: names[0], Shown: key.Type() + " " + ssh.FingerprintSHA256(key), Files: k.files}
	known := false
	for _, name := range names {
		err := k.find(name, remote, key)
		var other *knownhosts.KeyError
		var revoked *knownhosts.RevokedError
		switch {
		case err == nil:
			known = true
		case errors.As(err, &revoked):
			e.Revoked = true
			return e
		case errors.As(err, &other) && len(other.Want) > 0:
			e.Changed, e.Files = true, []string{fmt.Sprintf("%s:%d", other.Want[0].Filename, other.Want[0].Line)}
			return e
		case !errors.As(err, &other):
			return err
		}
	}
	if !known {
		return e
	}
	return nil
}

// algorithms are those of the keys that are known for a host, so that it shows one of them; nil where none is known.
func (k *knownHosts) algorithms(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		var known *knownhosts.KeyError
		if err := k.find(name, noAddress{}, noKeyAtAll{}); !errors.As(err, &known) {
			return nil, fmt.Errorf("looking for the host keys of %s: %w", name, err)
		}
		for _, want := range known.Want {
			if want.Key.Type() == ssh.KeyAlgoRSA {
				all = append(all, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			}
			all = append(all, want.Key.Type())
		}
	}
	return all, nil
}

// noKeyAtAll is no host's key: asking for it tells which ones are known.
type noKeyAtAll struct{}

func (noKeyAtAll) Type() string                        { return "none" }
func (noKeyAtAll) Marshal() []byte                     { return nil }
func (noKeyAtAll) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

type noAddress struct{}

func (noAddress) Network() string { return "tcp" }
func (noAddress) String() string  { return "0.0.0.0:0" }
