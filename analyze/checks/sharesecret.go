package checks

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs/settings"
)

// signer is the component whose secret all others have to have: it signs the tokens.
const signer = "rpc-auth"

var shareSecret = analyze.Check{
	ID: "share-secret", Guide: "2.1",
	Title: say("share.secret 处处相同", "share.secret is the same everywhere"),
	Doc: say("比对同一命名空间内 openim-rpc-auth、openim-api、openim-msggateway 与 openim-chat 的 share.secret（3.6 及以前是 config.yaml 的 secret）。采集包里没有密钥，只有相等类的编号：编号相同即相等。openim-chat 和它的 apiURL 所指命名空间的那套比（地址写成 <Service>.<命名空间>），没写明时和同一命名空间的比；单独在别的命名空间、地址又是 IP 或域名时不知道是哪一套，不作判断。取自 Secret 而没有读取的值不作判断。",
		"Compares share.secret (up to 3.6 secret of config.yaml) of openim-rpc-auth, openim-api, openim-msggateway and openim-chat within a namespace. A bundle holds no secret, only numbers of classes: the same number, the same secret. An openim-chat is compared with the installation of the namespace that its apiURL names (as <service>.<namespace>), of its own namespace otherwise; one that is alone in a namespace and calls an IP or a domain is not judged. A value from a Secret that was not read is not judged."),
	Needs: []string{"config/effective.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		byPlace := map[string][]holder{}
		var places []string
		for _, h := range holdersOf(f) {
			place := h.Entry + " " + h.home
			if byPlace[place] == nil {
				places = append(places, place)
			}
			byPlace[place] = append(byPlace[place], h)
		}
		var found []analyze.Evidence
		compared := false
		for _, place := range places {
			all := byPlace[place]
			slices.SortStableFunc(all, func(a, b holder) int { return cmp.Compare(rankOf(a), rankOf(b)) })
			compared = compared || len(all) > 1
			for _, h := range all[1:] {
				if h.secret.Alike != all[0].secret.Alike {
					found = append(found, differing(all[0], h))
				}
			}
		}
		if !compared {
			return unknown()
		}
		return answer(found)
	},
}

// holder is a component with its secret.
type holder struct {
	analyze.Configuration
	secret *settings.Setting
	home   string // namespace of the installation that it belongs to
}

// holdersOf lists the components with a secret that can be compared. An openim-chat belongs to the
// installation whose API it calls, where that is known.
func holdersOf(f *analyze.Facts) []holder {
	var all []holder
	for _, c := range f.Configs {
		if h, ok := holderOf(c); ok {
			all = append(all, h)
		}
	}
	for i := range all {
		if h := &all[i]; h.Role == "chat" {
			h.home = h.calls(all)
		}
	}
	return all
}

// servedIn tells whether a component of OpenIM's server is among those of a namespace.
func servedIn(all []holder, entry, namespace string) bool {
	return slices.ContainsFunc(all, func(o holder) bool {
		return o.Role != "chat" && o.Entry == entry && o.Namespace == namespace
	})
}

// calls is the namespace of the API that an openim-chat calls: the second label of a Service's name. It is its own where the
// address does not tell.
func (h *holder) calls(all []holder) string {
	at := h.Set.Get("share.yml", "openIM.apiURL")
	if at == nil || len(at.Values) != 1 {
		return h.Namespace
	}
	u, err := url.Parse(at.Values[0])
	if err != nil || net.ParseIP(u.Hostname()) != nil {
		return h.Namespace
	}
	labels := strings.SplitN(u.Hostname(), ".", 3)
	if len(labels) < 2 || len(labels) == 3 && !strings.HasPrefix(labels[2], "svc") || !servedIn(all, h.Entry, labels[1]) {
		return h.Namespace
	}
	return labels[1]
}

// holderOf finds the secret of a component that makes use of it, if it can be compared.
func holderOf(c analyze.Configuration) (holder, bool) {
	if !slices.Contains([]string{signer, "api", "msggateway", "chat"}, c.Role) {
		return holder{}, false
	}
	for _, at := range [][2]string{{"share.yml", "openIM.secret"}, {"share.yml", "secret"}, {"config.yaml", "secret"}} {
		if one := c.Set.Get(at[0], at[1]); one != nil {
			return holder{c, one, c.Namespace}, one.Alike > 0
		}
	}
	return holder{}, false
}

// rankOf puts the signer first.
func rankOf(h holder) int { return slices.Index([]string{signer, "api", "msggateway", "chat"}, h.Role) }

func differing(first, other holder) analyze.Evidence {
	return analyze.Evidence{
		Cause: "token-secret-mismatch", Confidence: analyze.Likely, Subject: analyze.Subject{Role: other.Role, Namespace: other.Namespace, Target: other.Component},
		Says:    say("share.secret 与 "+first.Component+" 的不同", "its share.secret is not that of "+first.Component),
		Samples: []analyze.Sighting{{Entry: other.Entry, Text: fmt.Sprintf("%s differs from %s", other.tell(), first.tell())}},
	}
}

// tell says whose secret it is and where it stands.
func (h holder) tell() string {
	at := h.secret.Origin.Where
	if h.secret.Origin.Line > 0 {
		at += ":" + strconv.Itoa(h.secret.Origin.Line)
	}
	return fmt.Sprintf("%s of %s (%s)", h.secret.Key, h.Component, at)
}
