//! Systems made to be hard: what each of them multiplies stands above it.

use palisade_model::{Labels, Model, NetworkPeer, Operator, Requirement, Selector};

use super::{Maker, labels, pods, policy, sorted, tcp};

/// Every workload has a label value of its own, and a policy that lets five others in: as many
/// classes as workloads, more than dense sets are kept for.
pub(crate) fn distinct_labels(maker: &Maker) -> Model {
    const WORKLOADS: usize = 20_000;
    let own = |index: usize| labels(&[("app", &format!("app-{:05}", index % WORKLOADS))]);
    let place = |index: usize| format!("team-{:03}", (index % WORKLOADS) / 100);
    let (mut workloads, mut controls) = (Vec::new(), Vec::new());
    for index in 0..WORKLOADS {
        let namespace = place(index);
        let name = format!("workload-{index:05}");
        workloads.push(maker.workload(&namespace, &name, own(index)));
        let callers = (1..=5).map(|step| {
            let caller = index + step * 37;
            pods(&place(caller), Selector::from_labels(&own(caller)))
        });
        let rule = maker.allow(callers.collect(), tcp(8080));
        let selected = Selector::from_labels(&own(index));
        let network = policy(&namespace, selected, Some(vec![rule]), None);
        controls.push(maker.control(&namespace, &name, network));
    }
    sorted(workloads, controls)
}

/// Every policy names twenty ports and ten address blocks with an exception that no other one
/// names: tens of thousands of atoms, and thousands of connection sets.
pub(crate) fn ports_and_blocks(maker: &Maker) -> Model {
    const POLICIES: usize = 1_000;
    let own = |index: usize| labels(&[("app", &format!("app-{index:04}"))]);
    let (mut workloads, mut controls) = (Vec::new(), Vec::new());
    for index in 0..POLICIES * 10 {
        let app = index % POLICIES;
        let name = format!("workload-{index:05}");
        workloads.push(maker.workload("shop", &name, own(app)));
    }
    for index in 0..POLICIES {
        let blocks = (0..10).filter_map(|step| {
            let number = index * 10 + step;
            let (high, low) = (number / 256, number % 256);
            Some(NetworkPeer::Block {
                cidr: format!("10.{high}.{low}.0/24").parse().ok()?,
                except: vec![format!("10.{high}.{low}.64/26").parse().ok()?],
            })
        });
        let blocks: Vec<NetworkPeer> = blocks.collect();
        let rules = (0..20).map(|step| {
            let some = blocks.iter().skip(step % 5).step_by(5).cloned();
            maker.allow(some.collect(), tcp(1 + index * 20 + step))
        });
        let selected = Selector::from_labels(&own(index));
        let network = policy("shop", selected, Some(rules.collect()), None);
        controls.push(maker.control("shop", &format!("policy-{index:04}"), network));
    }
    sorted(workloads, controls)
}

/// Policies select by absence and exclusion, which no index of values helps with.
pub(crate) fn expressions(maker: &Maker) -> Model {
    const POLICIES: usize = 500;
    let (mut workloads, mut controls) = (Vec::new(), Vec::new());
    for index in 0..10_000_usize {
        let pairs: Vec<(String, String)> = (0..20)
            .filter(|key| !index.is_multiple_of(key + 2))
            .map(|key| {
                (
                    format!("key-{key:02}"),
                    format!("value-{}", index % (key + 3)),
                )
            })
            .collect();
        let labels: Labels = pairs.into_iter().collect();
        workloads.push(maker.workload("shop", &format!("workload-{index:05}"), labels));
    }
    for index in 0..POLICIES {
        let requirement = |step: usize, operator: Operator| Requirement {
            key: format!("key-{:02}", (index * 7 + step) % 20),
            operator,
            values: match operator {
                Operator::NotIn => vec![format!("value-{}", index % 5)],
                _ => Vec::new(),
            },
        };
        let selector = |step: usize| {
            Selector::new(vec![
                requirement(step, Operator::NotIn),
                requirement(step + 3, Operator::Exists),
                requirement(step + 8, Operator::DoesNotExist),
            ])
        };
        let rule = maker.allow(vec![pods("shop", selector(1))], tcp(8080 + index % 7));
        let network = policy("shop", selector(0), Some(vec![rule]), None);
        controls.push(maker.control("shop", &format!("policy-{index:04}"), network));
    }
    sorted(workloads, controls)
}

/// Sixteen labels that are there or not, a policy for each, and a workload for each of their
/// combinations: every workload is under a list of policies of its own.
pub(crate) fn combinations(maker: &Maker) -> Model {
    const KEYS: usize = 16;
    let key = |index: usize| format!("key-{:02}", index % KEYS);
    let mut workloads = Vec::new();
    for index in 0..1_usize << KEYS {
        let named = (0..KEYS).filter(|bit| index >> bit & 1 == 1);
        let labels: Labels = named.map(|bit| (key(bit), "on".to_owned())).collect();
        workloads.push(maker.workload("shop", &format!("workload-{index:05}"), labels));
    }
    let with = |index: usize| Selector::from_labels(&labels(&[(&key(index), "on")]));
    let controls = (0..KEYS).map(|index| {
        let callers = vec![pods("shop", with(index + 1)), pods("shop", with(index + 5))];
        let rule = maker.allow(callers, tcp(8000 + index));
        let network = policy("shop", with(index), Some(vec![rule]), None);
        maker.control("shop", &key(index), network)
    });
    sorted(workloads, controls.collect())
}
