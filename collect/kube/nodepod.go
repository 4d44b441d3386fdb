package kube

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The labels by which Cleanup knows what runs have made.
const (
	labelManager  = "app.kubernetes.io/managed-by"
	labelPart     = "app.kubernetes.io/component"
	ownPods       = labelManager + "=imbundle," + labelPart + "=node"
	ownPodManager = "imbundle"
	ownPodPart    = "node"
)

// nodePod is a pod on one node that prints what a script says of it. It sees the node's files read-only and its processes by
// name; it may enter the node's root, read files of other users and the kernel's messages, and nothing else. It asks for no
// room that others have, takes any taint, and the kubelet ends it after podDeadline.
func (c *Cluster) nodePod(s *Survey, h Host, script string) *corev1.Pod {
	no, never, root := false, int64(0), int64(0)
	seconds := int64(podDeadline / time.Second)
	readonly := corev1.RecursiveReadOnlyIfPossible
	pod := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: podName(h.Name), Namespace: s.podNamespace(),
			Labels: map[string]string{labelManager: ownPodManager, labelPart: ownPodPart},
		},
		Spec: corev1.PodSpec{
			NodeName: h.Name, HostPID: true, RestartPolicy: corev1.RestartPolicyNever, ActiveDeadlineSeconds: &seconds, TerminationGracePeriodSeconds: &never,
			AutomountServiceAccountToken: &no, EnableServiceLinks: &no,
			Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			Volumes:     []corev1.Volume{{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}},
			Containers: []corev1.Container{{
				Name: "node", Image: c.image(h), ImagePullPolicy: corev1.PullNever, Command: []string{"sh", "-c", script},
				VolumeMounts: []corev1.VolumeMount{{Name: "host", MountPath: HostRoot, ReadOnly: true, RecursiveReadOnly: &readonly}},
				Resources: corev1.ResourceRequirements{
					Requests: amounts("0", "0"), Limits: amounts("250m", "128Mi"),
				},
				SecurityContext: &corev1.SecurityContext{
					RunAsUser: &root, AllowPrivilegeEscalation: &no, Privileged: &no,
					Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"SYS_CHROOT", "DAC_READ_SEARCH", "SYSLOG"}},
					SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
				},
			}},
		},
	}
	if h.uid != "" {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: h.Name, UID: h.uid}}
	}
	return pod
}

func amounts(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}
