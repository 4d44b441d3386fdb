package checks

import (
	"fmt"
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// filesSince is the release since which components read the files that specs list for them.
const filesSince = ">=3.8.0"

var configFiles = analyze.Check{
	ID: "config-files", Guide: "3",
	Title: say("配置文件是否齐全", "no configuration file is missing"),
	Doc: say("ConfigMap 作为整个配置目录挂载（CONFIG_PATH、-c 或镜像自己的 /openim-server/config）时，对照它的键与该组件启动时要读的文件：少一个文件，进程启动即退出。只判断 3.8.0 及以后、版本已知的组件（看它自己的镜像标签和同一命名空间的日志），只看镜像名或容器名就是该组件的容器；没有任何键的 ConfigMap（数据没采到）不判断；只用 subPath 挂了几个文件的不判断（其余文件在镜像里）；到 v3.8.3-patch 为止的各版不认 CONFIG_PATH：日志写明是这些版本时不按它判断，只有镜像标签这么写时只算可疑（官方清单里标着 v3.8.3 的镜像多半出自 main）。还在跑的 Pod 只是提示：它下次重启就起不来。",
		"Where a ConfigMap is mounted as the whole folder of configuration (CONFIG_PATH, -c, or /openim-server/config of the image), compares its keys with the files that the component reads at its start: without one of them the process exits. Only components since 3.8.0 whose release is known are judged (by the tag of their own image and the logs of their namespace), and only containers whose image or name is that of the component; a ConfigMap without any key (its data was not collected) is not; where single files are mounted by subPath the others are in the image, and nothing is judged; releases up to v3.8.3-patch do not know CONFIG_PATH: where logs tell one of them it is not judged by that, and where only the tag of an image does it is merely possible (the images that the official manifests call v3.8.3 are most likely of main). Of a pod that runs it is a warning: its next start fails."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "cluster-resources/configmaps/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		judged := false
		for _, p := range f.Pods {
			role := f.Specs.Role(p.Role)
			if role == nil || len(role.Reads) == 0 {
				continue
			}
			for _, folder := range p.Folders {
				m, known := keysOf(f, p.Namespace, folder.ConfigMap)
				reads, named := readsFolder(f, p, folder)
				if !known || !reads {
					continue
				}
				judged = true
				if lacks := without(role.Reads, m.Keys); len(lacks) > 0 {
					e := lackingFiles(f, p, m, folder, lacks)
					if !named {
						e.Confidence = analyze.Possible
					}
					found = append(found, e)
				}
			}
		}
		if !judged {
			return unknown()
		}
		return answer(found)
	},
}

// keysOf finds a ConfigMap. One without any key was not collected with its data.
func keysOf(f *analyze.Facts, namespace, name string) (m analyze.ConfigMap, known bool) {
	i := slices.IndexFunc(f.ConfigMaps, func(m analyze.ConfigMap) bool { return m.Namespace == namespace && m.Name == name })
	if i < 0 || len(f.ConfigMaps[i].Keys) == 0 {
		return m, false
	}
	return f.ConfigMaps[i], true
}

// readsFolder tells whether a container is of the pod's role, and of a release that reads its files from that folder. The
// folder is not named where only the tag of an image says that the release knows no CONFIG_PATH: such tags lie.
func readsFolder(f *analyze.Facts, p analyze.Pod, folder analyze.ConfigFolder) (reads, named bool) {
	i := slices.IndexFunc(p.Containers, func(c analyze.Container) bool { return c.Name == folder.Container })
	if i < 0 || f.RoleOf(p.Containers[i].Image) != p.Role && f.RoleOf(p.Containers[i].Name) != p.Role {
		return false, false
	}
	logged, tags := loggedIn(f, p.Namespace), tagsIn(f, p.Namespace)
	if tag := analyze.ImageVersion(p.Containers[i].Image); tag != "" {
		tags = []string{tag}
	}
	if !fitsAll(slices.Concat(logged, tags), filesSince) {
		return false, false
	}
	if len(logged) == 0 {
		return true, folder.By != analyze.ConfigPath || fitsAll(tags, "line-b")
	}
	reads = folder.By != analyze.ConfigPath || fitsAll(logged, "line-b")
	return reads, reads
}

// loggedIn lists the releases that logs of a namespace name, and logs of which the namespace is unknown.
func loggedIn(f *analyze.Facts, namespace string) (releases []string) {
	for _, t := range f.Texts {
		if v := analyze.CleanVersion(t.Version); v != "" && t.Role != "chat" && (t.Pod.Namespace == "" || t.Pod.Namespace == namespace) {
			releases = append(releases, v)
		}
	}
	return releases
}

// tagsIn lists the releases that images of a namespace's pods name.
func tagsIn(f *analyze.Facts, namespace string) (tags []string) {
	for _, p := range f.Pods {
		for _, c := range p.Containers {
			if tag := analyze.ImageVersion(c.Image); tag != "" && p.Namespace == namespace && p.Role != "chat" {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// without lists what of one list is not in the other.
func without(wanted, there []string) (lacks []string) {
	for _, w := range wanted {
		if !slices.Contains(there, w) {
			lacks = append(lacks, w)
		}
	}
	return lacks
}

// lackingFiles is evidence of a pod whose folder of configuration lacks files. A ConfigMap that has the files of an earlier
// release instead was not brought along with the image.
func lackingFiles(f *analyze.Facts, p analyze.Pod, m analyze.ConfigMap, folder analyze.ConfigFolder, lacks []string) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "config-invalid", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Since: p.Created,
		Says:    say("ConfigMap 里缺这个组件启动时要读的配置文件", "the ConfigMap lacks configuration files that the component reads at its start"),
		Samples: []analyze.Sighting{{Entry: m.Entry, Text: clip(fmt.Sprintf("configmap %s, the folder of %s by %s, has no %v", m.Name, folder.Container, folder.By, lacks))}},
	}
	if slices.Contains(m.Keys, "config.yaml") || slices.Contains(m.Keys, "zookeeper.yml") && slices.Contains(lacks, "discovery.yml") {
		e.Cause = "config-older-than-image"
		e.Says = say("ConfigMap 还是旧版本的那套文件，缺这个版本启动时要读的", "the ConfigMap has the files of an earlier release and lacks those that this one reads at its start")
	}
	if p.Ready || p.Phase == "Running" && len(p.Containers) > 0 && p.Containers[0].State.Kind == "Running" {
		e.Confidence, e.Severity, e.Since = analyze.Possible, analyze.Warning, time.Time{}
	}
	return e
}
