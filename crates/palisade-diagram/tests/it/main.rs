//! The diagram on systems that are read from text.

use std::collections::BTreeSet;

use palisade_analysis::Analysis;
use palisade_diagram::{Format, render, scene};
use palisade_model::View;
use palisade_patterns::{Context, evaluate};
use palisade_sources::{Options, read_texts};

const SHOP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          env: [{name: CART, value: 'cart:7070'}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: cart
          image: cart:1
          ports: [{containerPort: 7070}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{port: 7070}]
---
apiVersion: v1
kind: Service
metadata: {name: '<web>', namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: reconciler, namespace: argocd}
spec: {source: {path: .}, destination: {namespace: shop}}
";

fn drawn(view: View, format: Format) -> String {
    let reading = read_texts(&[("shop.yaml", SHOP)], &Options::default());
    let analysis = Analysis::of(&reading.model);
    let context = Context {
        model: &reading.model,
        analysis: &analysis,
        today: jiff::civil::date(2027, 1, 1),
        allowed_registries: &[],
        exceptions: &[],
        guardrails: &[],
        judging: None,
        identified: &BTreeSet::new(),
    };
    let evaluation = evaluate(&context, &|_| true);
    render(&scene(&analysis, &evaluation, view), format)
}

#[test]
fn the_picture_shows_workloads_zones_flows_and_all_twelve_patterns() {
    let svg = drawn(View::Microservices, Format::Svg);
    for words in [
        ">web<",
        ">cart<",
        "namespace shop",
        "web → cart TCP 7070",
        "automated response",
        "Application · deploys 2",
    ] {
        assert!(svg.contains(words), "{words} is missing");
    }
    assert_eq!(svg.matches("class=\"chip\"").count(), 12);
}

#[test]
fn names_cannot_break_out_of_the_picture() {
    let svg = drawn(View::Microservices, Format::Svg);
    assert!(!svg.contains("<web>"), "a name from a manifest is markup");
    assert!(svg.contains("&lt;web&gt;"));
}

#[test]
fn every_format_and_view_names_the_same_system_twice_alike() {
    for view in [View::Microservices, View::ZeroTrust, View::Iam] {
        for format in [Format::Svg, Format::Mermaid, Format::D2, Format::Json] {
            let first = drawn(view, format);
            assert!(!first.is_empty(), "{view:?} {format:?}");
            assert_eq!(
                first,
                drawn(view, format),
                "{view:?} {format:?} differs from run to run"
            );
        }
    }
}

#[test]
fn mermaid_and_d2_have_the_declared_flow() {
    assert!(drawn(View::Microservices, Format::Mermaid).contains("TCP 7070"));
    assert!(drawn(View::Microservices, Format::D2).contains("TCP 7070"));
}
