package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/imbundle/imbundle/bundle/record"
)

// locate finds the coordinators of groups that the configuration names and no broker listed: a group without state is
// told from one that may not be seen only by asking for it.
func (r *reading) locate(ctx context.Context, answered int) {
	for _, name := range r.c.o.Backend.Groups {
		if r.groups[name] == nil {
			r.groups[name] = &groupRead{KafkaGroup: record.KafkaGroup{Name: name, Type: "classic", Coordinator: -1}}
		}
	}
	if answered == 0 {
		return
	}
	for _, b := range r.c.brokers {
		if r.failed[b.id] != nil {
			continue
		}
		err := r.c.links.with(ctx, b.ask, func(l *link) error { return r.coordinators(ctx, l) })
		if err == nil {
			return
		}
		r.failed[b.id] = explain(err, r.c.o.Backend, b.address, "")
	}
}

func (r *reading) coordinators(ctx context.Context, l *link) error {
	batched, err := l.understands(ctx, kmsg.FindCoordinator, 4)
	if err != nil {
		return err
	}
	var unknown []string
	for name, g := range r.groups {
		if g.Coordinator < 0 {
			unknown = append(unknown, name)
		}
	}
	if batched && len(unknown) > 0 {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorKeys = unknown
		got, err := ask[*kmsg.FindCoordinatorResponse](ctx, l, req)
		if err != nil {
			return err
		}
		for _, one := range got.Coordinators {
			r.coordinated(one.Key, one.NodeID, one.ErrorCode)
		}
		return nil
	}
	for _, name := range unknown {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorKey = name
		got, err := ask[*kmsg.FindCoordinatorResponse](ctx, l, req)
		if err != nil {
			return err
		}
		r.coordinated(name, got.NodeID, got.ErrorCode)
	}
	return nil
}

func (r *reading) coordinated(group string, broker int32, code int16) {
	g := r.groups[group]
	if g == nil {
		return
	}
	g.Coordinator, g.Error = broker, ""
	if err := kerr.ErrorForCode(code); err != nil {
		g.Coordinator, g.Error = -1, "finding its coordinator: "+err.Error()
	}
}
