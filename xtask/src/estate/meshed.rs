//! A system in a service mesh, as manifests: accounts, services, policies of every mesh kind,
//! doors, roles.

use std::fmt::Write as _;

/// One text per namespace, with its file name.
pub(crate) fn manifests(namespaces: usize, workloads: usize) -> Vec<(String, String)> {
    (0..namespaces)
        .map(|index| {
            let name = format!("team-{index:04}");
            (format!("{name}.yaml"), namespace(&name, workloads))
        })
        .collect()
}

fn namespace(name: &str, workloads: usize) -> String {
    let mut out = format!(
        "apiVersion: v1
kind: Namespace
metadata: {{name: {name}, labels: {{istio-injection: enabled}}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: default, namespace: {name}}}
spec: {{mtls: {{mode: STRICT}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: default, namespace: {name}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress], ingress: [{{from: [{{namespaceSelector: {{}}}}]}}]}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: door, namespace: {name}}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{number: 443, name: https, protocol: HTTPS}}
    hosts: [\"{name}.example.org\"]
    tls: {{mode: SIMPLE, credentialName: door}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: door, namespace: {name}}}
spec:
  hosts: [\"{name}.example.org\"]
  gateways: [door]
  http:
  - route: [{{destination: {{host: app-0000, port: {{number: 80}}}}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: reader, namespace: {name}}}
rules: [{{apiGroups: [\"\"], resources: [configmaps, secrets], verbs: [get, list]}}]
"
    );
    for index in 0..workloads {
        application(&mut out, name, index, workloads);
    }
    out
}

/// An application that the one before it, and the one two before it, may call.
fn application(out: &mut String, namespace: &str, index: usize, count: usize) {
    let app = format!("app-{index:04}");
    let before = |step: usize| (index + count - step) % count;
    let caller = |step: usize| format!("cluster.local/ns/{namespace}/sa/app-{:04}", before(step));
    let (first, second) = (caller(1), caller(2));
    let _infallible = write!(
        out,
        "---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {app}, namespace: {namespace}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {app}, namespace: {namespace}, labels: {{app: {app}}}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {app}}}}}
  template:
    metadata: {{labels: {{app: {app}}}}}
    spec:
      serviceAccountName: {app}
      containers:
      - name: main
        image: registry.example.org/{app}:1.4.2
        ports: [{{name: http, containerPort: 8080}}]
        securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}}
        resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{memory: 256Mi}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {app}, namespace: {namespace}}}
spec:
  selector: {{app: {app}}}
  ports: [{{name: http, port: 80, targetPort: http}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {app}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {app}}}}}
  rules:
  - from: [{{source: {{principals: [{first}, {second}]}}}}]
    to: [{{operation: {{methods: [GET], paths: [\"/api/*\"]}}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {app}, namespace: {namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}}
subjects: [{{kind: ServiceAccount, name: {app}, namespace: {namespace}}}]
"
    );
}
