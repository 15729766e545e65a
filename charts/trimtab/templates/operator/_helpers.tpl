{{/* The operator's settings file; its fields are those of trimtab_operator.settings.Settings. */}}
{{- define "trimtab.settings" -}}
images:
  ingest: {{ include "trimtab.image" (list . "ingest") | quote }}
  train: {{ include "trimtab.image" (list . "train") | quote }}
  server: {{ include "trimtab.image" (list . "server") | quote }}
imagePullPolicy: {{ .Values.images.pullPolicy }}
codeVersion: {{ default .Chart.AppVersion .Values.operator.codeVersion | quote }}
storageSecret: {{ .Values.storage.tenantSecret }}
namespaces: {{ include "trimtab.watched" . }}
resyncSeconds: {{ .Values.operator.resyncSeconds }}
workers: {{ .Values.operator.workers }}
retrain:
  maxConcurrent: {{ .Values.operator.retrain.maxConcurrent }}
lease:
  name: {{ include "trimtab.name" . }}-operator
  namespace: {{ .Release.Namespace }}
storage:
  {{- with include "trimtab.storage.endpoint" . }}
  endpoint: {{ . | quote }}
  {{- end }}
  region: {{ .Values.storage.region | quote }}
  bucketTemplate: {{ .Values.storage.bucketTemplate | quote }}
  buckets: {{ .Values.storage.buckets | toJson }}
  prefix: {{ .Values.storage.prefix | quote }}
  auditBucket: {{ .Values.storage.auditBucket | quote }}
  {{- if include "trimtab.storage.credentials" . }}
  credentialsDir: /etc/trimtab/storage
  {{- end }}
{{- end -}}

{{/* What the operator may do in the namespaces that it watches. */}}
{{- define "trimtab.rules.watched" -}}
- apiGroups: [trimtab.dev]
  resources: [datasets, pipelines, models, driftmonitors]
  verbs: [get, list, watch]
- apiGroups: [trimtab.dev]
  resources: [pipelineruns]
  verbs: [get, list, watch, create, delete]
- apiGroups: [trimtab.dev]
  resources:
    [datasets/status, pipelines/status, pipelineruns/status, models/status, driftmonitors/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [ray.io]
  resources: [rayjobs]
  verbs: [get, list, watch, create]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create, patch]
{{- end -}}

{{/* What it may do in its own namespace: elect one active operator. */}}
{{- define "trimtab.rules.own" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
{{- end -}}
