package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs/settings"
)

// signer is the component whose secret all others have to have: it signs the tokens.
const signer = "rpc-auth"

var shareSecret = analyze.Check{
	ID: "share-secret", Guide: "2.1",
	Title: say("share.secret 处处相同", "share.secret is the same everywhere"),
	Doc: say("比对同一命名空间内 openim-rpc-auth、openim-api、openim-msggateway 与 openim-chat 的 share.secret（3.6 及以前是 config.yaml 的 secret）。采集包里没有密钥，只有相等类的编号：编号相同即相等。取自 Secret 而没有读取的值不作判断。",
		"Compares share.secret (up to 3.6 secret of config.yaml) of openim-rpc-auth, openim-api, openim-msggateway and openim-chat within a namespace. A bundle holds no secret, only numbers of classes: the same number, the same secret. A value from a Secret that was not read is not judged."),
	Needs: []string{"config/effective.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		byPlace := map[string][]holder{}
		var places []string
		for _, c := range f.Configs {
			h, ok := holderOf(c)
			if !ok {
				continue
			}
			place := c.Entry + " " + c.Namespace
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
}

// holderOf finds the secret of a component that makes use of it, if it can be compared.
func holderOf(c analyze.Configuration) (holder, bool) {
	if !slices.Contains([]string{signer, "api", "msggateway", "chat"}, c.Role) {
		return holder{}, false
	}
	for _, at := range [][2]string{{"share.yml", "openIM.secret"}, {"share.yml", "secret"}, {"config.yaml", "secret"}} {
		if one := c.Set.Get(at[0], at[1]); one != nil {
			return holder{c, one}, one.Alike > 0
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
