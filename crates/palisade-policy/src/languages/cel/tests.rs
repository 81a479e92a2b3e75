//! Expressions and their values, by example.

use std::sync::Arc;

use bumpalo::Bump;
use palisade_document::{Limits, SourceFile, parse_yaml};

use super::environment::{Environment, Facts};
use super::library::template;
use super::program::Program;
use super::value::Val;
use super::{Dialect, Scope};
use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::datum::Datum;

const DOCUMENT: &str = "\
metadata: {name: web, labels: {app: shop, 'team/owner': ann}}
spec:
  replicas: 3
  containers:
    - {name: a, image: 'r.example/a:1', ports: [80, 443]}
    - {name: b, image: 'r.example/b:2'}
";

/// The value of an expression as `%s` writes it, or its error after `error: `.
fn value_within(expression: &str, budget: Budget) -> String {
    let scope = Scope::new(Dialect::Kyverno, &["object", "missing"]);
    let program = match Program::compile(expression, &scope) {
        Ok(program) => program,
        Err(mistake) => return format!("mistake: {}", mistake.message),
    };
    let file = Arc::new(SourceFile::new("a.yaml", DOCUMENT));
    let (document, errors) = parse_yaml(file, &Limits::default());
    assert!(errors.is_empty());
    let arena = Bump::new();
    let random = || 7;
    let effects = Effects {
        now_ns: Some(1_767_225_600_000_000_000),
        random: Some(&random),
        ..Effects::default()
    };
    let context = Context::new(&arena, Meter::start(budget), effects);
    let object = Val::from(Datum::from(document.roots().next().unwrap()));
    let environment = arena.alloc(Environment {
        roots: arena.alloc_slice_copy(&[Some(object), None]),
        facts: Facts::default(),
        ..Environment::default()
    });
    match program.run(&context, environment) {
        Ok(value) => template::shown(value).unwrap_or_else(|_| value.type_name().to_owned()),
        Err(fault) => format!("error: {}", fault.message()),
    }
}

fn value(expression: &str) -> String {
    value_within(expression, Budget::default())
}

fn check(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(value(expression), *expected, "{expression}");
    }
}

#[test]
fn documents_are_read_where_they_stand() {
    check(&[
        ("object.spec.replicas + 1", "4"),
        ("object.metadata.labels['team/owner']", "ann"),
        ("object.spec.containers[1].image", "r.example/b:2"),
        ("object.spec.containers.map(c, c.name)", "[a, b]"),
        ("object.spec.containers.filter(c, has(c.ports)).size()", "1"),
        ("has(object.spec.template)", "false"),
        ("object.spec.?template.?spec.hasValue()", "false"),
        ("object.spec.containers[?5].hasValue()", "false"),
        ("object.spec.?replicas.orValue(0)", "3"),
        (
            "object.metadata.labels.all(k, k.contains('a') || k == 'team/owner')",
            "true",
        ),
        ("object.spec.template", "error: no such key: template"),
        ("object.spec.containers[2]", "error: index out of bounds: 2"),
        (
            "missing == null",
            "error: no such attribute: the variable has no value here",
        ),
    ]);
}

#[test]
fn an_operand_that_decides_outweighs_an_error() {
    check(&[
        ("object.nothing == 1 || true", "true"),
        ("false && object.nothing == 1", "false"),
        (
            "object.nothing == 1 || false",
            "error: no such key: nothing",
        ),
        ("[1, 0].exists(x, 4 / x == 4)", "true"),
        ("[0, 2].all(x, 4 / x == 1)", "false"),
        ("[0].all(x, 4 / x == 1)", "error: divide by zero"),
        ("true ? 1 : object.nothing", "1"),
        ("'a' && true", "error: no such overload"),
    ]);
}

#[test]
fn numbers_neither_wrap_nor_mix() {
    check(&[
        ("9223372036854775807 + 1", "error: integer overflow"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0u - 1u", "error: integer overflow"),
        ("1 + 1.0", "error: no such overload"),
        ("1 == 1.0 && 1u == 1 && 2 < 2.5", "true"),
        ("7 / 2 == 3 && -7 % 3 == -1 && 7.0 / 2.0 == 3.5", "true"),
        ("5 / 0", "error: divide by zero"),
        ("int('12') + int(3.9)", "15"),
        ("math.greatest(1, 7, 3) + math.least([4, 2])", "9"),
        ("math.round(2.345, 2)", "2.35"),
    ]);
}

#[test]
fn loops_with_two_variables_bindings_and_blocks_have_their_scopes() {
    check(&[
        ("[5, 6].transformList(i, v, i * v)", "[0, 6]"),
        (
            "{'a': 1, 'b': 2}.transformMap(k, v, k != 'a', v + 1)",
            "{b: 3}",
        ),
        ("['x', 'y'].transformMapEntry(i, v, {v: i})", "{x: 0, y: 1}"),
        (
            "cel.bind(x, 2, [1, 2].map(y, x * y).map(x, x + 1))",
            "[3, 5]",
        ),
        ("[3, 1, 2].sortBy(x, -x)", "[3, 2, 1]"),
        ("[1].map(x, [2].map(x, x)[0] + x)", "[3]"),
        ("optional.of(3).optMap(x, x * 2).orValue(0)", "6"),
        ("cel.block([1, cel.index(0) + 1], cel.index(1) * 10)", "20"),
        ("[1, 2].map(x, y)", "mistake: `y` is not a variable here"),
        (
            "[1].all(x, x, true)",
            "mistake: both variables of `all` are called `x`",
        ),
    ]);
}

#[test]
fn texts_count_characters() {
    check(&[
        ("'grün'.size()", "4"),
        ("'grün'.charAt(2) + 'grün'.substring(3)", "ün"),
        ("'a,b,c'.split(',', 2)", "[a, b,c]"),
        ("'aXbX'.replace('X', '-', 1)", "a-bX"),
        ("'tab\\t'.trim() + r'\\d'", "tab\\d"),
        ("'%s is %d of %.2f'.format(['x', 2, 3.0])", "x is 2 of 3.00"),
        ("'r.example/a:1'.matches('^r[.]example/')", "true"),
        ("'a1b22'.findAll('[0-9]+')", "[1, 22]"),
        (
            "'x'.matches('(')",
            "mistake: `(` is not a regular expression: unclosed group",
        ),
        (
            "['b', 'a'].isSorted() || ['a', 'b'].join('+') == 'a+b'",
            "true",
        ),
    ]);
}

#[test]
fn kubernetes_libraries_answer_in_their_own_types() {
    check(&[
        ("quantity('1Gi').isGreaterThan(quantity('900Mi'))", "true"),
        (
            "quantity('1.5').add(quantity('500m')) == quantity('2')",
            "true",
        ),
        ("isQuantity('1Zi')", "false"),
        ("cidr('10.0.0.0/8').containsIP('10.2.3.4')", "true"),
        (
            "cidr('10.1.0.0/16').isMask() && !cidr('10.1.2.3/16').isMask()",
            "true",
        ),
        (
            "regex.extractAll('k=a, k=, k=c', 'k=([^,]*)') == ['a', 'c']",
            "true",
        ),
        (
            "isSemver('v1.0', true) && !isSemver(' 1.0.0', true) && !isSemver('vv1', true)",
            "true",
        ),
        (
            "cidr('10.1.2.3/16').masked() == cidr('10.1.0.0/16')",
            "true",
        ),
        (
            "ip('10.0.0.256')",
            "error: IP Address '10.0.0.256' parse error during conversion from string",
        ),
        (
            "url('https://u@h.example:8443/a b?x=1&x=2').getQuery()",
            "{x: [1, 2]}",
        ),
        ("url('https://h.example:8443/p').getPort()", "8443"),
        ("semver('1.10.0').isGreaterThan(semver('1.9.9'))", "true"),
        (
            "!format.named('dns1123Label').value().validate('web-1').hasValue()",
            "true",
        ),
        ("format.dns1123Label().validate('Web').hasValue()", "true"),
        ("jsonpatch.escapeKey('a/b~c')", "a~1b~0c"),
        ("sets.contains([1, 2, 3], [2.0])", "true"),
        ("timestamp('2026-01-31T23:30:00Z').getDate('+01:00')", "1"),
        (
            "timestamp('2026-03-01T00:00:00Z') - duration('24h')",
            "2026-02-28T00:00:00Z",
        ),
    ]);
}

#[test]
fn kyverno_libraries_use_only_what_was_handed_in() {
    check(&[
        (
            "image('nginx').registry() + '/' + image('nginx').repository()",
            "index.docker.io/library/nginx",
        ),
        ("image('r.example:5000/a/b:1.2').tag()", "1.2"),
        ("isImage('Not An Image')", "false"),
        (
            "parseServiceAccount('system:serviceaccount:shop:web').Name",
            "web",
        ),
        ("json.unmarshal('{\"a\": [1, true]}').a[0] + 1", "2"),
        ("yaml.parse('a: {b: x}').a.b", "x"),
        ("sha256('a').substring(0, 8)", "ca978112"),
        (
            "md5('a') + sha1('a').substring(0, 4)",
            "0cc175b9c0f1b6a831c399e26977266186f7",
        ),
        ("string(time.now())", "2026-01-01T00:00:00Z"),
        ("random('[a-c]{3}-x')", "bbb-x"),
        ("listObjToMap([{'k': 'a'}], [{'v': 1}], 'k', 'v')", "{a: 1}"),
        (
            "resource.Get('v1', 'configmaps', 'shop', 'settings')",
            "error: failed to get resource: `/api/v1/namespaces/shop/configmaps/settings` is unknown \
             here; supply the object",
        ),
        (
            "http.Get('https://example.com')",
            "error: HTTP requests are off, and the answer was not supplied",
        ),
    ]);
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    check(&[
        (
            "",
            "mistake: expected an expression, found the end of the expression",
        ),
        (
            "1 +",
            "mistake: expected an expression, found the end of the expression",
        ),
        ("'open", "mistake: the string does not end"),
        (
            "'a'.matches('(?=b)')",
            "mistake: `(?=b)` is not a regular expression: look-around, including look-ahead and look-behind, is not supported",
        ),
        ("nosuch(1)", "mistake: there is no function `nosuch` here"),
        ("'a'.nosuch()", "mistake: there is no method `nosuch` here"),
        ("size(1, 2)", "mistake: `size` does not take 2 arguments"),
        (
            "has(object)",
            "mistake: `has` takes a field selection such as `has(object.spec)`",
        ),
        (
            "1 2",
            "mistake: expected an operator or the end of the expression, found a literal",
        ),
        ("{'a': 1, 'a': 2}", "error: the key a stands twice in a map"),
    ]);
    let deep = "(".repeat(10_000);
    assert!(value(&deep).contains("nested deeper"), "{}", value(&deep));
    // As deep as it may be, in the small stack of a thread.
    let nested = |open: &str, inner: &str, close: &str, times: usize| {
        let (open, close) = (open.repeat(times), close.repeat(times));
        value(&format!("{open}{inner}{close}"))
    };
    assert_eq!(nested("[", "1", "][0]", 150), "1");
    assert_eq!(nested("(1 + ", "1", ")", 90), "91");
    assert_eq!(nested("true ? ", "1", " : 2", 1), "1");
    assert_eq!(nested("(true ? ", "1", " : 2)", 90), "1");
    assert_eq!(nested("[1].map(x, ", "x", ")[0]", 90), "1");
    assert_eq!(nested("size([", "1", "])", 90), "1");
    assert_eq!(nested("-(!(", "1", "))", 60), "error: no such overload");
    let long = "!".repeat(300) + "true";
    assert!(value(&long).contains("too many operators"));
    let wide = vec!["object.spec.replicas == 3"; 2_000].join(" && ");
    assert_eq!(value(&wide), "true");
}

#[test]
fn what_costs_too_much_ends_by_its_budget() {
    let budget = Budget {
        steps: 100_000,
        memory_bytes: 4 << 20,
        ..Budget::default()
    };
    let loops = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
    let bomb = format!(
        "{loops}.all(a, {loops}.all(b, {loops}.all(c, {loops}.all(d, {loops}.all(e, \
         {loops}.all(f, a + b + c + d + e + f > 0))))))"
    );
    assert_eq!(
        value_within(&bomb, budget),
        "error: the policy took more than 100000 steps"
    );
    // Nothing absorbs a budget that ran out.
    let hidden = format!("true || {bomb}");
    assert_eq!(value_within(&hidden, budget), "true");
    let hidden = format!("{bomb} || true");
    assert!(value_within(&hidden, budget).starts_with("error: the policy took"));
    let double = "cel.bind(a, 'xxxxxxxxxxxxxxxx', cel.bind(b, a.replace('x', a), cel.bind(c, \
                  b.replace('x', b), cel.bind(d, c.replace('x', c), d.replace('x', d)))))";
    assert_eq!(
        value_within(double, budget),
        "error: the policy needed more than 4194304 bytes of memory"
    );
}

#[test]
#[ignore = "needs the upstream suite: PALISADE_CEL_SPEC=…/tests/simple/testdata"]
#[expect(clippy::disallowed_methods, reason = "the suite is given at run time")]
fn the_specification_s_suite() {
    let place = std::env::var("PALISADE_CEL_SPEC").unwrap();
    let folder = crate::folder::Folder::new(&place, "");
    let report = super::conformance::conform(&folder).unwrap();
    for (cause, names) in &report.failed {
        println!("{:4} {cause}: {}", names.len(), names.join(" "));
    }
    for (cause, names) in &report.not_applicable {
        println!("n/a {:4} {cause}", names.len());
    }
    println!("passed {}, failed {}", report.passed, report.failures());
    assert!(report.passed >= 1_840);
}

#[test]
#[ignore = "measures: run with --release"]
fn a_typical_expression_takes_microseconds() {
    let expressions = [
        "object.spec.replicas <= 5",
        "object.spec.containers.all(c, c.image.startsWith('r.example/'))",
        "has(object.metadata.labels) && 'app' in object.metadata.labels && object.metadata.labels['app'] == 'shop'",
        "object.spec.containers.all(c, has(c.ports) ? c.ports.all(p, p < 1024) : c.image.matches('^r[.]example/.+:[0-9]+$'))",
        "object.spec.?template.?spec.?securityContext.?runAsNonRoot.orValue(true)",
    ];
    let scope = Scope::new(Dialect::Kyverno, &["object", "missing"]);
    let file = Arc::new(SourceFile::new("a.yaml", DOCUMENT));
    let (document, _) = parse_yaml(file, &Limits::default());
    let mut arena = Bump::new();
    for expression in expressions {
        let started = std::time::Instant::now();
        for _ in 0..1_000 {
            assert!(Program::compile(expression, &scope).is_ok());
        }
        let compile = started.elapsed() / 1_000;
        let program = Program::compile(expression, &scope).unwrap();
        let started = std::time::Instant::now();
        for _ in 0..100_000 {
            arena.reset();
            let context = Context::new(&arena, Meter::start(Budget::default()), Effects::default());
            let object = Val::from(Datum::from(document.roots().next().unwrap()));
            let environment = arena.alloc(Environment {
                roots: arena.alloc_slice_copy(&[Some(object), None]),
                ..Environment::default()
            });
            assert!(program.run(&context, environment).is_ok());
        }
        println!(
            "{:?} to compile, {:?} to evaluate: {expression}",
            compile,
            started.elapsed() / 100_000
        );
    }
}
