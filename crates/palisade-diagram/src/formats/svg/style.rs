//! Colours of the picture, light and dark, and its arrow heads.

/// The style sheet: light first, then what dark changes.
pub(super) const STYLE: &str = "\
text{font-family:Inter,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1c2733}\
.page{fill:#f7f9fb}.title{font-size:22px;font-weight:700}.sub{font-size:13px;fill:#5b6b7b}\
.zone{fill:#ffffff;stroke:#b8c4d0;stroke-width:1.5;stroke-dasharray:6 4}.zt{font-size:13px;font-weight:600;fill:#41566b}\
.node{fill:#eef3f8;stroke:#6d8299;stroke-width:1.3}.entry{fill:#e7f0fe;stroke:#2f6fde}.actor{fill:#fdf3e1;stroke:#d08700}\
.dataset{fill:#ede9fb;stroke:#6b4fc8}.identity{fill:#e6f5ef;stroke:#22896a}.role{fill:#f3eef0;stroke:#8a6d77}\
.alarm{stroke:#c62828;stroke-width:2.4}.nl{font-size:12.5px;font-weight:600}.long{font-size:11px}.longest{font-size:9.4px}.nd{font-size:10.5px;fill:#5b6b7b}\
.link{fill:none;stroke-width:1.7;stroke-linejoin:round}.protected{stroke:#2e7d32}.optional{stroke:#c77700}\
.open{stroke:#c62828;stroke-dasharray:5 4}.sweeping{stroke:#c62828;stroke-width:2.4}.relation{stroke:#9aa9b8;stroke-width:1.4}.hit{fill:none;stroke:transparent;stroke-width:9}\
.lock{stroke-width:1.4;stroke-dasharray:none}.disc{fill:#ffffff;stroke-width:1.2;stroke-dasharray:none}\
.fprotected{fill:#2e7d32}.foptional{fill:#c77700}.fopen,.fsweeping{fill:#c62828}.frelation{fill:#9aa9b8}.hollow{fill:none}\
.bt{font-size:10px;font-weight:700;fill:#ffffff;text-anchor:middle}\
.critical{fill:#8e1b1b}.high{fill:#c62828}.medium{fill:#c77700}.low{fill:#5b7ea6}.badge{stroke:#ffffff;stroke-width:1.2}\
.chip{fill:#ffffff;stroke:#c9d3dd}.ct{font-size:11px;font-weight:600}.cc{font-size:10.5px;fill:#5b6b7b}\
.met{fill:#2e7d32}.partial{fill:#c77700}.missing{fill:#c62828}.not-applicable{fill:#8492a0}.lt{font-size:11px;font-weight:700;fill:#41566b}\
.panel{opacity:.1}.front-door{fill:#2f6fde}.inside{fill:#22896a}.data{fill:#6b4fc8}.telemetry{fill:#00838f}.delivery{fill:#6d5a3f}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0f161e}.sub,.nd,.cc{fill:#93a4b5}\
.zone{fill:#151e28;stroke:#3b4b5c}.zt,.lt{fill:#a9bacb}.node{fill:#1d2935;stroke:#5d738a}.entry{fill:#15294a;stroke:#5b94f5}\
.actor{fill:#3a2c10;stroke:#e0a030}.dataset{fill:#2a2350;stroke:#9d86ee}.identity{fill:#12352a;stroke:#46b78f}.role{fill:#33262b;stroke:#b2909b}\
.alarm{stroke:#ff6b6b}.protected{stroke:#58b85c}.open,.sweeping{stroke:#ff6b6b}.optional{stroke:#f0a83a}.relation{stroke:#5d6f81}\
.fprotected{fill:#58b85c}.foptional{fill:#f0a83a}.fopen,.fsweeping{fill:#ff6b6b}.frelation{fill:#5d6f81}.disc{fill:#151e28}.hollow{fill:none}\
.panel{opacity:.22}.chip{fill:#151e28;stroke:#3b4b5c}.bt{fill:#ffffff}.badge{stroke:#151e28}}";

/// Arrow heads, one for each state of a link.
pub(super) fn markers() -> String {
    let heads = ["protected", "optional", "open", "relation", "sweeping"].map(|state| {
        format!(
            "<marker id=\"a{state}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"f{state}\" d=\"M0 0L8 4L0 8z\"/></marker>"
        )
    });
    format!("<defs>{}</defs>", heads.concat())
}
