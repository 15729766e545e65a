{{- define "trimtab.s3.name" -}}
{{- include "trimtab.name" . }}-s3
{{- end -}}

{{- define "trimtab.s3.accounts" -}}
{{- include "trimtab.name" . }}-s3-accounts
{{- end -}}

{{- define "trimtab.s3.endpoint" -}}
http://{{ include "trimtab.s3.name" . }}.{{ .Release.Namespace }}.svc:7070
{{- end -}}

{{- define "trimtab.storage.endpoint" -}}
{{- if .Values.storage.embedded.enabled -}}
{{- include "trimtab.s3.endpoint" . -}}
{{- else -}}
{{- .Values.storage.endpoint -}}
{{- end -}}
{{- end -}}

{{/* Secret with the operator's account; empty for the platform's own identity. */}}
{{- define "trimtab.storage.credentials" -}}
{{- if .Values.storage.embedded.enabled -}}
{{- include "trimtab.name" . }}-operator-storage
{{- else -}}
{{- .Values.storage.credentialsSecret -}}
{{- end -}}
{{- end -}}

{{/* Secret with the monitor's account; empty for the platform's own identity. */}}
{{- define "trimtab.storage.monitorCredentials" -}}
{{- if .Values.storage.embedded.enabled -}}
{{- include "trimtab.name" . }}-monitor-storage
{{- else -}}
{{- default .Values.storage.credentialsSecret .Values.storage.monitorCredentialsSecret -}}
{{- end -}}
{{- end -}}

{{/* Bucket of a namespace: (list $ "demo"). */}}
{{- define "trimtab.storage.bucket" -}}
{{- (index . 0).Values.storage.bucketTemplate | replace "{namespace}" (index . 1) -}}
{{- end -}}

{{/* What the setup job creates in the embedded store. */}}
{{- define "trimtab.s3.plan" -}}
{{- $accounts := list "operator" "monitor" -}}
{{- $audit := dict "name" .Values.storage.auditBucket "appenders" (list "operator") -}}
{{- $buckets := list $audit -}}
{{- range .Values.storage.tenants -}}
{{- $account := printf "tenant-%s" .namespace -}}
{{- $accounts = append $accounts $account -}}
{{- $bucket := include "trimtab.storage.bucket" (list $ .namespace) -}}
{{- $buckets = append $buckets (dict "name" $bucket "writers" (list $account) "readers" (list "operator" "monitor") "reporters" (list "monitor")) -}}
{{- end -}}
{{- dict "endpoint" (include "trimtab.s3.endpoint" .) "region" .Values.storage.region "accounts" $accounts "buckets" $buckets | toPrettyJson -}}
{{- end -}}

{{/* Egress rule of a NetworkPolicy to the store. */}}
{{- define "trimtab.storage.egress" -}}
{{- if .Values.storage.embedded.enabled -}}
to:
  - namespaceSelector:
      matchLabels: {kubernetes.io/metadata.name: {{ .Release.Namespace }}}
    podSelector:
      matchLabels: {{- include "trimtab.selector" (list . "s3") | nindent 8 }}
ports: [{protocol: TCP, port: 7070}]
{{- else -}}
ports:
  {{- range .Values.networkPolicies.storagePorts }}
  - {protocol: TCP, port: {{ . }}}
  {{- end }}
{{- end -}}
{{- end -}}
