//! Above some thousands of classes sets are kept compressed; the answers must stay the same.

use palisade_analysis::reachability::Reachability;
use palisade_model::{
    Model, NetworkAction, NetworkPeer, NetworkPolicy, NetworkRule, NetworkTier, PolicySubject,
    Selector,
};
use proptest::prelude::ProptestConfig;
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{estate, naive};

/// More classes than are kept dense.
const FILLING: usize = 8_100;

/// The same model beside many pods that policies tell apart, in a namespace of their own.
fn filled(model: &Model) -> Model {
    let mut out = model.clone();
    for index in 0..FILLING {
        let app = format!("filling-{index:04}");
        let labels = [("app", app.as_str())];
        let workload = estate::workload(("filling", &app), &labels, &[]);
        let pods = Selector::from_labels(&workload.pod_labels);
        out.workloads.push(workload);
        let subject = PolicySubject {
            namespace: Some("filling".to_owned()),
            namespace_selector: Selector::everything(),
            pods: pods.clone(),
        };
        let rule = NetworkRule {
            action: NetworkAction::Allow,
            name: None,
            peers: Some(vec![NetworkPeer::Pods {
                namespaces: None,
                namespace_names: Vec::new(),
                pods,
            }]),
            ports: None,
            narrowed: false,
            origin: estate::origin(),
        };
        let network = NetworkPolicy {
            tier: NetworkTier::Namespaced,
            subject,
            ingress: Some(vec![rule]),
            egress: None,
        };
        out.controls
            .push(estate::control(&app, Some("filling"), network));
    }
    estate::model(out.zones, out.workloads, out.controls)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn compressed_sets_answer_as_dense_ones_do(model in naive::model()) {
        let large = filled(&model);
        let (dense, sparse) = (Reachability::of(&model), Reachability::of(&large));
        prop_assert!(sparse.stats().classes > FILLING, "every filling is told apart");
        for from in &model.workloads {
            prop_assert_eq!(dense.to_internet(&from.id), sparse.to_internet(&from.id));
            prop_assert_eq!(dense.from_internet(&from.id), sparse.from_internet(&from.id));
            for to in &model.workloads {
                prop_assert_eq!(
                    dense.allowed(&from.id, &to.id),
                    sparse.allowed(&from.id, &to.id),
                    "{} to {}", from.id, to.id
                );
            }
        }
    }
}
