package replay

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/imbundle/imbundle/bundle"
)

// selected is one object of an answer, with the list that it stands in.
type selected struct {
	*object
	list *list
}

// page is what a request asks for, in the order of the API server: by namespace, then by name.
type page struct {
	items   []selected
	rest    int    // known to follow
	next    string // token to go on with
	columns json.RawMessage
	cut     []string // why lists are not whole
	some    bool     // all namespaces were asked for, and the bundle knows some
}

// find reads the lists that a request is about and applies its selectors and page.
func (a *answer) find(t target) (*page, error) {
	lists, err := a.c.listsOf(t)
	if err != nil {
		return nil, err
	}
	byLabel, err := labels.Parse(a.param("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest("unable to parse requirement: " + err.Error())
	}
	byField, err := fieldSelector(t.res, a.param("fieldSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	s := &page{some: t.ns == "" && t.res.namespaced && a.c.own}
	for _, l := range lists {
		if l.cut != "" {
			s.cut = append(s.cut, l.cut)
		}
		if s.columns == nil {
			s.columns = l.columns
		}
		if err := s.add(l, byLabel, byField); err != nil {
			return nil, err
		}
	}
	return s, a.cutPage(s, byLabel.Empty() && byField.Empty())
}

// listsOf are the lists of one namespace, or of all that there are.
func (c *Cluster) listsOf(t target) ([]*list, error) {
	if t.res.plural == "namespaces" && t.res.group == "" && len(c.shelves["namespaces"]) == 0 {
		return []*list{c.namespaceList()}, nil
	}
	of := c.shelves[t.res.key()]
	if len(of) == 0 || t.res.namespaced && t.ns != "" && of[t.ns] == nil && !c.emptyHere(t) {
		return nil, c.lacks(t)
	}
	var found []*list
	for _, ns := range slices.Sorted(maps.Keys(of)) {
		if t.ns != "" && ns != t.ns {
			continue
		}
		l, err := c.list(of[ns])
		if err != nil {
			return nil, err
		}
		found = append(found, l)
	}
	return found, nil
}

// emptyHere reports whether a namespace was collected from and has nothing of a kind: custom resources leave no empty lists, and
// a foreign bundle does not say.
func (c *Cluster) emptyHere(t target) bool {
	_, isGap := c.gaps[bundle.Resource(c.folder(t.res), t.ns)]
	custom := standardKind(t.res.group, t.res.kind) == nil
	return !isGap && (custom || !c.own) && slices.Contains(c.Namespaces(), t.ns)
}

func (s *page) add(l *list, byLabel labels.Selector, byField fields.Selector) error {
	candidates, rest, err := l.candidates(byField)
	if err != nil {
		return err
	}
	for _, i := range candidates {
		o := &l.objects[i]
		if !byLabel.Matches(labels.Set(o.meta.Labels)) {
			continue
		}
		ok, err := o.matches(rest)
		if err != nil {
			return err
		}
		if ok {
			s.items = append(s.items, selected{o, l})
		}
	}
	return nil
}

// candidates are the objects that fulfil the first demand for equality, and the demands that are left.
func (l *list) candidates(by fields.Selector) ([]int, fields.Requirements, error) {
	rest := by.Requirements()
	for i, r := range rest {
		if r.Operator == selection.NotEquals {
			continue
		}
		found, err := l.with(r.Field, r.Value)
		return found, slices.Delete(slices.Clone(rest), i, i+1), err
	}
	every := make([]int, len(l.objects))
	for i := range every {
		every[i] = i
	}
	return every, rest, nil
}

func (o *object) matches(demands fields.Requirements) (bool, error) {
	for _, d := range demands {
		v, err := o.field(d.Field)
		if err != nil {
			return false, err
		}
		if (v == d.Value) == (d.Operator == selection.NotEquals) {
			return false, nil
		}
	}
	return true, nil
}

// selectable are the fields by which the API server lets objects be chosen, beside name and namespace.
var selectable = map[string][]string{
	"pods": {
		"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
		"status.podIP", "status.nominatedNodeName",
	},
	"events": {
		"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
		"involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
	},
	"nodes": {"spec.unschedulable"}, "namespaces": {"status.phase"}, "secrets": {"type"}, "replicasets.apps": {"status.replicas"},
	"jobs.batch": {"status.successful"}, "services": {"spec.clusterIP", "spec.type"},
}

func fieldSelector(res *resource, text string) (fields.Selector, error) {
	by, err := fields.ParseSelector(text)
	if err != nil {
		return nil, err
	}
	for _, r := range by.Requirements() {
		known := r.Field == "metadata.name" || r.Field == "metadata.namespace" || slices.Contains(selectable[res.key()], r.Field)
		if !known {
			return nil, fmt.Errorf("field label not supported: %s", r.Field)
		}
	}
	return by, nil
}

// place is where a page ended.
type place struct {
	Cluster string `json:"c"`
	After   int    `json:"a"`
}

// cutPage cuts what was found down to what was asked for.
func (a *answer) cutPage(s *page, unselected bool) error {
	start := 0
	if token := a.param("continue"); token != "" {
		var p place
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(raw, &p) != nil {
			return apierrors.NewBadRequest("continue key is not valid: " + strconv.Quote(token))
		}
		if p.Cluster != a.c.id {
			return apierrors.NewResourceExpired("The provided continue parameter is of another bundle, or of an earlier serving of this one. Ask for the list from its beginning.")
		}
		start = min(max(0, p.After), len(s.items))
	}
	limit, err := a.limit()
	if err != nil {
		return err
	}
	end := len(s.items)
	if limit > 0 && start+limit < end {
		end = start + limit
		raw, err := json.Marshal(place{a.c.id, end})
		if err != nil {
			return err
		}
		s.next = base64.RawURLEncoding.EncodeToString(raw)
		if unselected { // with selectors, a server does not count what it would have to look at
			s.rest = len(s.items) - end
		}
	}
	s.items = s.items[start:end]
	return nil
}

func (a *answer) limit() (int, error) {
	text := a.param("limit")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, apierrors.NewBadRequest("limit: invalid value " + strconv.Quote(text))
	}
	return n, nil
}

// warnings are sentences on what an answer lacks.
func (s *page) warnings(c *Cluster, res *resource) []string {
	var all []string
	for _, cut := range s.cut {
		all = append(all, "the bundle's list of "+res.plural+" is not whole: "+cut)
	}
	if s.some {
		all = append(all, "the bundle holds namespace "+strings.Join(c.Namespaces(), ", ")+" only")
	}
	return all
}
