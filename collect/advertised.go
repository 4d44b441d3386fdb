package collect

import (
	"crypto/tls"
	"fmt"
	"net"

	"github.com/imbundle/imbundle/bundle"
)

// Stranger says why whoever answers here at an address that the server at via advertises may be somebody else than it means; nil: it
// is the one, as far as can be told. It is safe for concurrent use.
type Stranger func(via, advertised string) error

// AdvertisedError is an address that a server advertises and that is not dialled.
type AdvertisedError struct{ Address, Via, Why, reason string }

func (e *AdvertisedError) Error() string {
	return fmt.Sprintf("%s is not dialled, which the server at %s advertises: %s", e.Address, e.Via, e.Why)
}

// GapReason classifies the error for a gap.
func (e *AdvertisedError) GapReason() string { return e.reason }

// Advertised decides over an address that the server at via advertises, and no configuration names: nil means that it is dialled,
// like any client of the server would; else the error is an *AdvertisedError. Two rules keep credentials from strangers:
//
// A loopback or unspecified address is the server's own host. It is followed only where via is of this kind too, when both are this
// machine.
//
// A login is given away only where the one who gets it is known: strange is asked unless the login is empty, or TLS proves who
// answers. It decides by how far the cluster is known, see kube.Reach.Stranger. Without strange nothing is known of any cluster.
func Advertised(via, address string, login bool, config *tls.Config, strange Stranger) error {
	if OwnHost(address) && !OwnHost(via) {
		return &AdvertisedError{address, via, "it means that server's own host, and here another one", bundle.Failed}
	}
	proven := config != nil && !config.InsecureSkipVerify
	if strange == nil || !login || proven || OwnHost(address) {
		return nil
	}
	if err := strange(via, address); err != nil {
		return &AdvertisedError{address, via, "it would be given the login, and " + err.Error(), ReasonOf(err)}
	}
	return nil
}

// OwnHost reports whether an address means the host of whoever reads it: loopback, or unspecified.
func OwnHost(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || host == "" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
