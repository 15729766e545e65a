{{- define "trimtab.monitor.serviceAccount" -}}
{{- default (printf "%s-monitor" (include "trimtab.name" .)) .Values.monitor.serviceAccount.name -}}
{{- end -}}

{{/* The monitor's settings file; its fields are those of trimtab_operator.monitor.settings. */}}
{{- define "trimtab.monitor.settings" -}}
namespaces: {{ include "trimtab.watched" . }}
pollSeconds: {{ .Values.monitor.pollSeconds }}
workers: {{ .Values.monitor.workers }}
lease:
  name: {{ include "trimtab.name" . }}-monitor
  namespace: {{ .Release.Namespace }}
storage:
  {{- with include "trimtab.storage.endpoint" . }}
  endpoint: {{ . | quote }}
  {{- end }}
  region: {{ .Values.storage.region | quote }}
  bucketTemplate: {{ .Values.storage.bucketTemplate | quote }}
  buckets: {{ .Values.storage.buckets | toJson }}
  prefix: {{ .Values.storage.prefix | quote }}
  {{- if include "trimtab.storage.monitorCredentials" . }}
  credentialsDir: /etc/trimtab/storage
  {{- end }}
{{- end -}}

{{/* What the monitor may do in the namespaces that it watches. */}}
{{- define "trimtab.monitor.rules.watched" -}}
- apiGroups: [trimtab.dev]
  resources: [driftmonitors, models]
  verbs: [list]
- apiGroups: [trimtab.dev]
  resources: [driftmonitors/status, models/status]
  verbs: [patch]
{{- end -}}
