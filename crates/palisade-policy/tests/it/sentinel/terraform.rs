//! Terraform's imports out of a plan.

use palisade_policy::{Effects, Status};

use super::{compile, judge};

fn assert_holds(head: &str, expressions: &[&str]) {
    let plan = std::fs::read_to_string(super::examples::folder().join("plan.json")).unwrap();
    for expression in expressions {
        let policy = format!("{head}\nmain = rule {{ {expression} }}\n");
        let set = compile(&[("p.sentinel", policy.as_str())]).unwrap();
        let answer = judge(set.as_ref(), &plan, Effects::default()).remove(0);
        assert_eq!(
            (answer.status, answer.message.as_str()),
            (Status::Pass, ""),
            "{expression}"
        );
    }
}

#[test]
fn the_second_forms_hold_what_the_plan_says() {
    assert_holds(
        "import \"tfplan/v2\" as tfplan\nimport \"tfconfig/v2\" as tfconfig\nimport \"tfstate/v2\" as tfstate\nimport \"tfrun\"",
        &[
            "tfplan.terraform_version is \"1.9.8\" and tfplan.variables.region.value is \"eu-central-1\"",
            "length(tfplan.resource_changes) is 6",
            "tfplan.resource_changes[\"kubernetes_deployment_v1.service[\\\"cart\\\"]\"].index is \"cart\"",
            "tfplan.resource_changes[\"module.network.aws_lb_listener.http\"].module_address is \"module.network\"",
            "tfplan.resource_changes[\"module.network.aws_lb_listener.http\"].change.actions is [\"create\"]",
            "tfplan.planned_values.resources[\"module.network.aws_lb_listener.http\"].values.port is 80",
            "tfplan.planned_values.outputs.namespace.value is \"shop\"",
            "tfplan.output_changes.namespace.change.after is \"shop\"",
            "tfplan.raw.format_version is \"1.2\"",
            "tfconfig.resources[\"module.network.aws_lb_listener.http\"].config.port.constant_value is 80",
            "tfconfig.providers.aws.version_constraint is \"~> 5.70\"",
            "tfconfig.variables[\"module.network:maintenance_cidrs\"].default is [\"0.0.0.0/0\"]",
            "tfconfig.module_calls.network.source is \"./modules/network\"",
            "tfconfig.strip_index(\"module.a[\\\"x]y\\\"].b.c[0]\") is \"module.a.b.c\"",
            "tfconfig.outputs.namespace.value.references contains \"kubernetes_namespace_v1.shop\"",
            "tfstate.resources[\"data.aws_region.current\"].values.name is \"eu-central-1\"",
            "tfrun.variables.environment.value is \"production\" and tfrun.is_destroy is false",
        ],
    );
}

#[test]
fn the_first_forms_are_by_module_type_and_name() {
    assert_holds(
        "import \"tfplan\"\nimport \"tfconfig\"\nimport \"tfstate\"",
        &[
            "tfplan.resources.kubernetes_namespace_v1.shop[0].applied.metadata[0].name is \"shop\"",
            "tfplan.resources.kubernetes_deployment_v1.service.cart.address is \"kubernetes_deployment_v1.service[\\\"cart\\\"]\"",
            "tfplan.module_paths is [[], [\"network\"]] and tfplan.module([\"nowhere\"]) is null",
            "tfplan.module([\"network\"]).resources.aws_lb_listener.http[0].diff[\"default_action.0.type\"].new is \"redirect\"",
            "tfplan.module([\"network\"]).resources.aws_lb_listener.http[0].diff.id.computed",
            "tfplan.resources.kubernetes_namespace_v1.shop[0].destroy is false",
            "tfplan.variables.region is \"eu-central-1\"",
            "tfconfig.resources.kubernetes_namespace_v1.shop.config.metadata[0].name is \"shop\"",
            "tfconfig.resources.kubernetes_namespace_v1.shop.references.metadata[0].labels is [\"local.labels\"]",
            "tfconfig.modules.network.source is \"./modules/network\"",
            "tfconfig.providers.aws.version is \"~> 5.70\"",
            "tfconfig.module([\"network\"]).variables.maintenance_cidrs.description matches \"maintenance\"",
            "tfstate.data.aws_region.current[0].attr.name is \"eu-central-1\"",
            "tfstate.data.aws_region.current[0].id is \"eu-central-1\"",
        ],
    );
}

#[test]
fn an_import_of_terraform_needs_a_plan() {
    let set = compile(&[("p.sentinel", "import \"tfplan/v2\" as tfplan\nmain = true")]).unwrap();
    let document = super::json("{\"paths\": []}");
    let arena = bumpalo::Bump::new();
    let meter = palisade_policy::Meter::start(palisade_policy::Budget::default());
    let context = palisade_policy::Context::new(&arena, meter, Effects::default());
    let root = document.roots().next().unwrap();
    let input = palisade_policy::Input::new(palisade_policy::Subject::System, root);
    assert!(set.evaluate(&context, &input).unwrap().is_empty());
}

#[test]
fn the_system_is_asked_by_the_import_palisade() {
    let policy = "import \"palisade\"\nmain = rule { palisade.paths is empty }";
    let set = compile(&[("p.sentinel", policy)]).unwrap();
    let document = super::json("{\"paths\": [{\"to\": \"cards\"}]}");
    let arena = bumpalo::Bump::new();
    let meter = palisade_policy::Meter::start(palisade_policy::Budget::default());
    let context = palisade_policy::Context::new(&arena, meter, Effects::default());
    let root = document.roots().next().unwrap();
    let input = palisade_policy::Input {
        data: Some(root),
        ..palisade_policy::Input::new(palisade_policy::Subject::System, root)
    };
    let answers = set.evaluate(&context, &input).unwrap();
    assert_eq!(answers[0].status, Status::Fail);
    assert_eq!(answers[0].path, "/paths");
}
