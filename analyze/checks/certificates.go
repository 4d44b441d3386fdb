package checks

import (
	"fmt"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// soon is how early a certificate's end is worth a word.
const soon = 14 * 24 * time.Hour

var certificates = analyze.Check{
	ID: "certificate-dates", Guide: "2.5",
	Title: say("证书有效期", "dates of certificates"),
	Doc: say("ConfigMap 里公开的证书与 cert-manager 的 Certificate 对象：采集时已过期或尚未生效为故障，14 天内到期提示。Secret 里的证书从不读取，不在其中。",
		"Public certificates in ConfigMaps, and the Certificate objects of cert-manager: one that was past its date or not yet valid when it was collected is a fault, one that ends within 14 days is worth a word. Certificates in Secrets are never read and not among them."),
	Needs: []string{"cluster-resources/configmaps/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Certificates) == 0 || f.Collected.IsZero() {
			return unknown()
		}
		var found []analyze.Evidence
		for _, c := range f.Certificates {
			if e, ok := ofCertificate(c, f.Collected); ok {
				found = append(found, e)
			}
		}
		return answer(found)
	},
}

func ofCertificate(c analyze.Certificate, now time.Time) (analyze.Evidence, bool) {
	e := analyze.Evidence{
		Cause: "certificate-expired", Confidence: analyze.Likely, Subject: analyze.Subject{Target: c.Where},
		Samples: []analyze.Sighting{{Entry: c.Entry, Text: fmt.Sprintf("%s: %s, from %s to %s", c.Where, c.Name, c.From.Format(time.DateOnly), c.To.Format(time.DateOnly))}},
	}
	switch {
	case !c.To.IsZero() && now.After(c.To):
		e.Since, e.Says = c.To, say("证书已过期", "a certificate is past its date")
	case now.Before(c.From):
		e.Says = say("证书尚未生效，或节点时钟慢", "a certificate is not valid yet, or a clock is slow")
	case !c.Ready:
		e.Confidence, e.Says = analyze.Possible, say("cert-manager 没有签出这张证书", "cert-manager has not issued this certificate")
	case !c.To.IsZero() && c.To.Sub(now) < soon:
		e.Confidence, e.Severity, e.Says = analyze.Possible, analyze.Info, say("证书即将到期", "a certificate ends soon")
	default:
		return e, false
	}
	return e, true
}
