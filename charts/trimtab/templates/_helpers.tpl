{{/* Name of the release's objects. */}}
{{- define "trimtab.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "trimtab.serviceAccount" -}}
{{- default (include "trimtab.name" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* Labels of a component: (list $ "operator"). */}}
{{- define "trimtab.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: trimtab
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "trimtab.labels" -}}
{{- $root := index . 0 -}}
{{ include "trimtab.selector" . }}
app.kubernetes.io/part-of: trimtab
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Whole name of an image: (list $ "operator"). */}}
{{- define "trimtab.image" -}}
{{- $images := (index . 0).Values.images -}}
{{- $tag := default (index . 0).Chart.AppVersion $images.tag -}}
{{- default (printf "%s/trimtab-%s:%s" $images.registry (index . 1) $tag) (get $images (index . 1)) -}}
{{- end -}}

{{/* Namespaces whose objects the operator acts on; none means all. */}}
{{- define "trimtab.watched" -}}
{{- if eq .Values.scope "namespaces" -}}{{- .Values.namespaces | uniq | toJson -}}{{- else -}}[]{{- end -}}
{{- end -}}

{{/* What every pod of the chart has: no root, no privilege, nothing writable but its volumes. */}}
{{- define "trimtab.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "trimtab.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "trimtab.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}
