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
	Doc: say("ConfigMap 作为整个配置目录挂载（CONFIG_PATH、-c 或镜像自己的 /openim-server/config）时，对照它的键与该组件启动时要读的文件：少一个文件，进程启动即退出。只判断 3.8.0 及以后、版本已知的组件；只用 subPath 挂了几个文件的不判断（其余文件在镜像里）；到 v3.8.3-patch 为止的各版不认 CONFIG_PATH：日志写明是这些版本时不按它判断，只有镜像标签这么写时只算可疑（官方清单里标着 v3.8.3 的镜像多半出自 main）。还在跑的 Pod 只是提示：它下次重启就起不来。",
		"Where a ConfigMap is mounted as the whole folder of configuration (CONFIG_PATH, -c, or /openim-server/config of the image), compares its keys with the files that the component reads at its start: without one of them the process exits. Only components since 3.8.0 whose release is known are judged; where single files are mounted by subPath the others are in the image, and nothing is judged; releases up to v3.8.3-patch do not know CONFIG_PATH: where logs tell one of them it is not judged by that, and where only the tag of an image does it is merely possible (the images that the official manifests call v3.8.3 are most likely of main). Of a pod that runs it is a warning: its next start fails."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "cluster-resources/configmaps/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Versions) == 0 || !analyze.VersionFits(f.Versions[len(f.Versions)-1], filesSince) {
			return unknown()
		}
		var found []analyze.Evidence
		judged := false
		for _, p := range f.Pods {
			role := f.Specs.Role(p.Role)
			if role == nil || len(role.Reads) == 0 {
				continue
			}
			for _, folder := range p.Folders {
				i := slices.IndexFunc(f.ConfigMaps, func(m analyze.ConfigMap) bool { return m.Namespace == p.Namespace && m.Name == folder.ConfigMap })
				named := folder.By != analyze.ConfigPath || f.Line == "b" // else it counts only where the image is not of that release
				if i < 0 || !named && f.VersionLogged() {
					continue
				}
				judged = true
				if lacks := without(role.Reads, f.ConfigMaps[i].Keys); len(lacks) > 0 {
					e := lackingFiles(f, p, f.ConfigMaps[i], folder, lacks)
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
