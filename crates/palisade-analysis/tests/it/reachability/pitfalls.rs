//! What people and tools get wrong about NetworkPolicy, one test each.

use palisade_analysis::reachability::{ConnectionSet, Reachability};
use palisade_model::{Model, NodeId, NodeKind, Port, Protocol};

/// Two pods in `shop` (`web` and `db`), one in `other` with the labels of `web`.
const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db, tier: data}}
spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 9090}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: other, labels: {app: web}}
spec: {containers: [{name: c, image: x}]}
";

const WEB: &str = "shop/web";
const DB: &str = "shop/db";
const OTHER: &str = "other/web";

/// A model of the pods and of policies in `shop`, each given by its spec in one line.
fn estate(specs: &[&str]) -> Model {
    estate_with(PODS, specs)
}

fn estate_with(pods: &str, specs: &[&str]) -> Model {
    let policies = specs.iter().enumerate().map(|(index, spec)| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{index}, namespace: shop}}\nspec: {spec}\n"
        )
    });
    let policies: String = policies.collect();
    let texts = [("pods.yaml", pods), ("policies.yaml", policies.as_str())];
    palisade_sources::read_texts(&texts, &palisade_sources::Options::default()).model
}

fn pod(name: &str) -> NodeId {
    NodeId::new(NodeKind::Workload, &format!("{name}[Pod]"))
}

fn between(model: &Model, from: &str, to: &str) -> String {
    let allowed = Reachability::of(model).allowed(&pod(from), &pod(to));
    allowed.to_string()
}

fn from_internet(model: &Model, to: &str) -> ConnectionSet {
    Reachability::of(model).from_internet(&pod(to))
}

fn to_internet(model: &Model, from: &str) -> ConnectionSet {
    Reachability::of(model).to_internet(&pod(from))
}

fn tcp(number: i64) -> (Protocol, Port) {
    (Protocol::Tcp, Port::new(number).expect("a port"))
}

const ALL: &str = "All Connections";
const NONE: &str = "No Connections";

#[test]
fn p01_a_pod_that_only_an_ingress_policy_selects_keeps_open_egress() {
    let model = estate(&["{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"]);
    assert_eq!(between(&model, WEB, DB), NONE);
    assert_eq!(between(&model, DB, WEB), ALL);
    assert!(to_internet(&model, DB).is_all() && from_internet(&model, DB).is_empty());
    assert!(from_internet(&model, WEB).is_all(), "unselected");
}

#[test]
fn p02_a_connection_needs_egress_of_the_source_and_ingress_of_the_destination() {
    let model = estate(&[
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 1}, {port: 2}]}]}",
        "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 2}, {port: 3}]}]}",
    ]);
    assert_eq!(between(&model, WEB, DB), "TCP 2");
    assert_eq!(between(&model, OTHER, DB), "TCP 2-3");
    assert_eq!(between(&model, WEB, OTHER), "TCP 1-2");
}

#[test]
fn p03_absent_policy_types_mean_ingress_and_egress_only_with_egress_rules() {
    let ingress_only = estate(&["{podSelector: {matchLabels: {app: db}}}"]);
    assert!(from_internet(&ingress_only, DB).is_empty());
    assert!(to_internet(&ingress_only, DB).is_all());
    let both = estate(&["{podSelector: {matchLabels: {app: db}}, egress: [{ports: [{port: 5}]}]}"]);
    assert!(from_internet(&both, DB).is_empty());
    assert_eq!(to_internet(&both, DB).to_string(), "TCP 5");
    let egress_only = estate(&["{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress]}"]);
    assert!(to_internet(&egress_only, DB).is_empty());
    assert!(from_internet(&egress_only, DB).is_all());
}

#[test]
fn p04_no_rules_deny_and_an_empty_rule_from_or_ports_allow_everything() {
    let select = "podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]";
    for deny in ["", ", ingress: []"] {
        let model = estate(&[&format!("{{{select}{deny}}}")]);
        assert!(from_internet(&model, DB).is_empty(), "{deny}");
    }
    for allow in ["{}", "{from: []}", "{ports: []}", "{from: [], ports: []}"] {
        let model = estate(&[&format!("{{{select}, ingress: [{allow}]}}")]);
        assert!(from_internet(&model, DB).is_all(), "{allow}");
        assert_eq!(between(&model, OTHER, DB), ALL, "{allow}");
    }
}

#[test]
fn p05_both_selectors_in_one_item_are_and_in_two_items_or() {
    let one =
        "{namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {app: web}}}";
    let two = "{namespaceSelector: {matchLabels: {team: shop}}}, {podSelector: {matchLabels: {app: nobody}}}";
    let policy = |from: &str| {
        format!("{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{from}]}}]}}")
    };
    let both = estate(&[&policy(one)]);
    assert_eq!(between(&both, WEB, DB), ALL);
    assert_eq!(between(&both, OTHER, DB), NONE, "label without namespace");
    assert_eq!(between(&both, DB, DB), NONE, "namespace without label");
    let either = estate(&[&policy(two)]);
    assert_eq!(between(&either, WEB, DB), ALL);
    assert_eq!(between(&either, DB, DB), ALL);
    assert_eq!(between(&either, OTHER, DB), NONE);
}

#[test]
fn p06_a_pod_selector_alone_is_of_the_own_namespace_and_an_empty_namespace_selector_of_all() {
    let policy = |from: &str| {
        format!("{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{from}]}}]}}")
    };
    let own = estate(&[&policy("{podSelector: {}}")]);
    assert_eq!(between(&own, WEB, DB), ALL);
    assert_eq!(between(&own, OTHER, DB), NONE);
    let all = estate(&[&policy("{namespaceSelector: {}}")]);
    assert_eq!(between(&all, OTHER, DB), ALL);
    assert!(
        from_internet(&all, DB).is_empty(),
        "pods are not the internet"
    );
}

#[test]
fn p07_not_in_and_does_not_exist_match_when_the_key_is_absent() {
    for expression in [
        "{key: tier, operator: NotIn, values: [data]}",
        "{key: tier, operator: DoesNotExist}",
    ] {
        let model = estate(&[&format!(
            "{{podSelector: {{matchExpressions: [{expression}]}}, policyTypes: [Ingress]}}"
        )]);
        assert!(from_internet(&model, WEB).is_empty(), "{expression}");
        assert!(from_internet(&model, DB).is_all(), "{expression}");
    }
}

#[test]
fn p08_a_policy_selects_only_pods_of_its_namespace() {
    let model = estate(&["{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}"]);
    assert!(from_internet(&model, WEB).is_empty());
    assert!(from_internet(&model, OTHER).is_all());
}

#[test]
fn p09_except_cuts_its_own_block_only_and_blocks_never_match_pods() {
    let cut = "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80}]}";
    let back = "{from: [{ipBlock: {cidr: 10.1.2.0/24}}], ports: [{port: 81}]}";
    let model = estate(&[&format!(
        "{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{cut}, {back}]}}"
    )]);
    let lines = palisade_analysis::reachability::connlist(&Reachability::of(&model));
    let into: Vec<&str> = lines
        .iter()
        .filter(|line| line.contains("[External] => shop/db"))
        .map(String::as_str)
        .collect();
    assert_eq!(
        into,
        [
            "10.0.0.0-10.0.255.255[External] => shop/db[Pod] : TCP 80",
            "10.1.2.0-10.1.2.255[External] => shop/db[Pod] : TCP 81",
            "10.2.0.0-10.255.255.255[External] => shop/db[Pod] : TCP 80",
        ]
    );
    assert_eq!(between(&model, WEB, DB), NONE);
}

#[test]
fn p10_a_named_port_is_the_number_that_the_destination_gives_it() {
    let egress = estate(&[
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}",
    ]);
    assert_eq!(between(&egress, WEB, DB), "TCP 9090");
    assert_eq!(between(&egress, WEB, WEB), "TCP 8080");
    assert_eq!(between(&egress, WEB, OTHER), NONE, "it has no such port");
    assert!(to_internet(&egress, WEB).is_empty());
    let ingress = estate(&["{podSelector: {}, ingress: [{ports: [{port: http}]}]}"]);
    assert_eq!(between(&ingress, OTHER, DB), "TCP 9090");
    assert_eq!(between(&ingress, OTHER, WEB), "TCP 8080");
    let udp = estate(&["{podSelector: {}, ingress: [{ports: [{port: http, protocol: UDP}]}]}"]);
    assert_eq!(between(&udp, OTHER, DB), NONE, "the port is of TCP");
}

#[test]
fn p11_ranges_protocols_and_the_default_protocol() {
    let model = estate(&[
        "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 100, endPort: 200}, {protocol: SCTP, port: 7}, {protocol: UDP}]}]}",
    ]);
    assert_eq!(between(&model, WEB, DB), "SCTP 7,TCP 100-200,UDP 1-65535");
}

#[test]
fn p12_policies_do_not_hold_for_pods_on_the_node_network() {
    let pods = format!(
        "{PODS}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: agent, namespace: shop, labels: {{app: agent}}}}\nspec: {{hostNetwork: true, containers: [{{name: c, image: x}}]}}\n"
    );
    let model = estate_with(
        &pods,
        &[
            "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}]}",
        ],
    );
    let reachability = Reachability::of(&model);
    let agent = pod("shop/agent");
    assert!(!reachability.enforceable(&agent) && reachability.enforceable(&pod(WEB)));
    assert!(!reachability.isolation(&agent).ingress);
    assert!(reachability.from_internet(&agent).is_all());
    assert!(reachability.to_internet(&agent).is_all());
    let into = reachability.allowed(&agent, &pod(DB));
    assert!(
        into.is_empty(),
        "it comes from the node's address, not from a pod"
    );
}

#[test]
fn p13_a_workload_with_itself_is_neither_listed_nor_counted() {
    let model = estate(&[]);
    let reachability = Reachability::of(&model);
    let lines = palisade_analysis::reachability::connlist(&reachability);
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("shop/db[Pod] => shop/db[Pod]"))
    );
    assert_eq!(
        reachability.path_count(),
        3 * 2 + 3,
        "pairs and the internet"
    );
}

#[test]
fn p14_isolation_says_which_direction_policies_restrict() {
    let model = estate(&["{podSelector: {matchLabels: {app: db}}, ingress: [{}]}"]);
    let reachability = Reachability::of(&model);
    let db = reachability.isolation(&pod(DB));
    assert!(db.ingress && !db.egress, "selected, though all is allowed");
    let web = reachability.isolation(&pod(WEB));
    assert!(!web.ingress && !web.egress);
}

#[test]
fn p15_services_do_not_open_what_policies_close() {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 80, targetPort: 9090}]}\n";
    let model = estate_with(
        &format!("{PODS}{service}"),
        &["{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 80}]}]}"],
    );
    let allowed = from_internet(&model, DB);
    assert!(allowed.contains(tcp(80).0, tcp(80).1));
    assert!(
        !allowed.contains(tcp(9090).0, tcp(9090).1),
        "the pod's own port is what counts"
    );
}

#[test]
fn p16_the_name_label_of_a_namespace_is_implicit_even_where_no_object_declares_it() {
    let model = estate(&[
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]}",
    ]);
    assert_eq!(between(&model, OTHER, DB), ALL);
    assert_eq!(between(&model, WEB, DB), NONE);
}

#[test]
fn p17_default_deny_egress_closes_dns_until_it_is_allowed() {
    let deny = "{podSelector: {}, policyTypes: [Egress]}";
    let dns = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{protocol: UDP, port: 53}]}]}";
    assert_eq!(between(&estate(&[deny]), WEB, OTHER), NONE);
    assert_eq!(between(&estate(&[deny, dns]), WEB, OTHER), "UDP 53");
}

#[test]
fn p18_ipv6_is_evaluated_beside_ipv4_and_templates_at_their_depth() {
    let cron = "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: night, namespace: shop, labels: {app: db}}\nspec: {schedule: '0 1 * * *', jobTemplate: {spec: {template: {metadata: {labels: {app: night}}, spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}}\n";
    let model = estate_with(
        &format!("{PODS}{cron}"),
        &[
            "{podSelector: {matchLabels: {app: night}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 'fd00::/8'}}], ports: [{port: 443}]}]}",
        ],
    );
    let reachability = Reachability::of(&model);
    let lines = palisade_analysis::reachability::connlist(&reachability);
    let from: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("shop/night[CronJob] =>"))
        .collect();
    assert_eq!(
        from,
        [
            "shop/night[CronJob] => fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] : TCP 443"
        ]
    );
}
