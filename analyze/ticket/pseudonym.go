package ticket

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

// pseudonyms replaces names consistently: the same name always by the same pseudonym, in the order in which they are met.
type pseudonyms struct {
	known map[string]string
	count map[string]int
	keep  func(name string) bool // names that tell a role
}

func newPseudonyms(f *analyze.Facts) *pseudonyms {
	p := &pseudonyms{known: map[string]string{}, count: map[string]int{}, keep: func(name string) bool {
		return plainNames[strings.ToLower(name)] || f.RoleOf(name) != ""
	}}
	for _, pod := range f.Pods {
		p.name("ns", pod.Namespace)
		p.name("node", pod.Node)
	}
	for _, n := range f.Nodes {
		p.name("node", n.Name)
	}
	for key, kind := range map[string]string{"user": "user", "group": "group", "conversation": "conv"} {
		list, _ := f.Incident[key].([]any)
		for _, v := range list {
			if s, is := v.(string); is {
				p.identifier(kind, s)
			}
		}
	}
	return p
}

// plainNames identify nobody, and texts of programs hold them.
var plainNames = map[string]bool{
	"": true, "default": true, "kube-system": true, "kube-public": true, "openim": true, "open-im": true, "im": true, "chat": true,
	"admin": true, "prod": true, "test": true, "dev": true, "localhost": true, "null": true, "true": true, "false": true,
}

// name gives a pseudonym to a name that occurs as a whole word; short ones and those that tell a role stay.
func (p *pseudonyms) name(kind, name string) string {
	if pseudonym, known := p.known[name]; known {
		return pseudonym
	}
	if len(name) < 3 || p.keep(name) {
		return name
	}
	p.count[kind]++
	p.known[name] = fmt.Sprintf("%s-%d", kind, p.count[kind])
	return p.known[name]
}

// identifier gives a pseudonym of the same shape: digits for digits, hexadecimal for hexadecimal, a conversation made of those
// of its parts.
func (p *pseudonyms) identifier(kind, id string) string {
	if pseudonym, known := p.known[id]; known {
		return pseudonym
	}
	if len(id) < 3 || p.keep(id) || strings.Contains(id, "redacted") {
		return id
	}
	if prefix, rest, is := conversation(id); is {
		parts := strings.Split(rest, "_")
		for i, part := range parts {
			parts[i] = p.identifier("user", part)
		}
		return prefix + strings.Join(parts, "_")
	}
	p.count[kind]++
	n := p.count[kind]
	switch {
	case digits.MatchString(id):
		p.known[id] = padded(fmt.Sprint(n), len(id), '9')
	case hexadecimal.MatchString(id):
		p.known[id] = padded(fmt.Sprintf("%x", n), len(id), 'e')
	default:
		p.known[id] = fmt.Sprintf("%s%d", kind, n)
	}
	return p.known[id]
}

// padded fills up to a length from the left, so that shape and length stay.
func padded(s string, length int, with byte) string {
	if len(s) >= length {
		return s
	}
	return strings.Repeat(string(with), 1) + strings.Repeat("0", max(0, length-len(s)-1)) + s
}

// conversation splits the kind from a conversation id.
func conversation(id string) (prefix, rest string, is bool) {
	for _, prefix := range []string{"si_", "sg_", "sn_", "n_", "g_"} {
		if rest, is := strings.CutPrefix(id, prefix); is && rest != "" {
			return prefix, rest, true
		}
	}
	return "", "", false
}

var (
	digits      = regexp.MustCompile(`^[0-9]+$`)
	hexadecimal = regexp.MustCompile(`^[0-9a-f]{12,}$`)

	// keyed finds the values of keys that hold identifiers, the quotes of both maybe escaped.
	keyed       = regexp.MustCompile(`(\\*")((?:[A-Za-z]*(?:[uU]serID|UserId|sendID|recvID|SendID|RecvID)|groupID|conversationID|ConversationID|operationID|connID|clientMsgID|serverMsgID|triggerID|[a-zA-Z]*[nN]ickname|faceURL|account|phoneNumber|email))(\\*": ?\\*")([^"\\]{1,200})`)
	address     = regexp.MustCompile(`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b`)
	mail        = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	host        = regexp.MustCompile(`\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|cn|io|top|xyz|app|dev|im|co|info|cloud|me)(?:\.[a-z]{2})?\b`)
	uuid        = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	longHex     = regexp.MustCompile(`\b[0-9a-f]{32,64}\b`)
	phone       = regexp.MustCompile(`\b1[3-9][0-9]{9}\b`)
	word        = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9_-]*`)
	publicHosts = []string{"github.com", "docker.io", "k8s.io", "golang.org", "openim.io", "example.com", "grpc.io", "aliyuncs.com", "registry.k8s.io"}
)

// learn meets the identifiers of a text, so that they are replaced also where they stand without a key.
func (p *pseudonyms) learn(text string) {
	for _, m := range keyed.FindAllStringSubmatch(text, -1) {
		for _, id := range strings.Split(m[4], "$") { // operations of a batch are joined
			p.identifier(kindOf(m[2]), id)
		}
	}
}

func kindOf(key string) string {
	switch key = strings.ToLower(key); {
	case strings.HasSuffix(key, "userid"), key == "sendid", key == "recvid":
		return "user"
	case key == "groupid":
		return "group"
	case key == "conversationid":
		return "conv"
	case strings.HasSuffix(key, "nickname"), key == "account":
		return "name"
	}
	return "id"
}

// replace gives the text with every name replaced.
func (p *pseudonyms) replace(text string) string {
	text = mail.ReplaceAllStringFunc(text, func(s string) string { return p.fixed("mail", s, "user%d@example.com") })
	text = uuid.ReplaceAllStringFunc(text, func(s string) string { return p.fixed("uuid", s, "00000000-0000-4000-8000-%012x") })
	text = host.ReplaceAllStringFunc(text, p.host)
	text = address.ReplaceAllStringFunc(text, p.address)
	text = longHex.ReplaceAllStringFunc(text, func(s string) string { return p.identifier("hex", s) })
	text = phone.ReplaceAllStringFunc(text, func(s string) string { return p.identifier("phone", s) })
	return word.ReplaceAllStringFunc(text, p.word)
}

// word replaces a whole word that is known, or a conversation made of known parts.
func (p *pseudonyms) word(s string) string {
	if pseudonym, known := p.known[s]; known {
		return pseudonym
	}
	if prefix, rest, is := conversation(s); is {
		parts := strings.Split(rest, "_")
		for i, part := range parts {
			if pseudonym, known := p.known[part]; known {
				parts[i] = pseudonym
			}
		}
		return prefix + strings.Join(parts, "_")
	}
	return s
}

func (p *pseudonyms) fixed(kind, s, format string) string {
	if pseudonym, known := p.known[s]; known {
		return pseudonym
	}
	p.count[kind]++
	p.known[s] = fmt.Sprintf(format, p.count[kind])
	return p.known[s]
}

func (p *pseudonyms) host(s string) string {
	if slices.ContainsFunc(publicHosts, func(h string) bool { return s == h || strings.HasSuffix(s, "."+h) }) {
		return s
	}
	return p.fixed("host", s, "host%d.example.com")
}

// address keeps what is no address of a machine, and whether it is a private one.
func (p *pseudonyms) address(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() {
		return s
	}
	if pseudonym, known := p.known[s]; known {
		return pseudonym
	}
	p.count["ip"]++
	n := p.count["ip"]
	p.known[s] = fmt.Sprintf("10.200.%d.%d", n/250, n%250+1)
	if !a.IsPrivate() && !a.IsLinkLocalUnicast() {
		p.known[s] = fmt.Sprintf("198.51.%d.%d", 100+n/250, n%250+1)
	}
	return p.known[s]
}
