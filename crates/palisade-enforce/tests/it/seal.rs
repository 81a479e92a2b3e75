//! Edits show.

use palisade_enforce::{Seal, sealed};

#[test]
fn any_change_breaks_the_seal() {
    let made = sealed("a: 1\nb: 2\n");
    assert_eq!(Seal::of(&made), Seal::Intact);
    for changed in [
        made.replace("a: 1", "a: 2"),
        format!("{made}\n"),
        made.replacen("# Made", "#  Made", 1),
        "a: 1\nb: 2\n".to_owned(),
        String::new(),
        made.lines().next().expect("a line").to_owned(),
    ] {
        assert_eq!(Seal::of(&changed), Seal::Broken, "{changed}");
    }
}
