//! Signs of TLS at the workloads that serve data.

use palisade_model::{EnvSource, VolumeSource, Workload};

const WORDS: [&str; 4] = ["tls", "ssl", "cert", "x509"];

/// Whether anything of a data store says that it uses TLS.
pub(super) fn hints_at_tls(server: &Workload) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    };
    let in_volumes = server.volumes.iter().any(|volume| {
        let source = match &volume.source {
            VolumeSource::Secret { name } | VolumeSource::ConfigMap { name } => name.as_str(),
            VolumeSource::Csi { driver } => driver.as_str(),
            _ => "",
        };
        says(&volume.name) || says(source)
    });
    in_volumes
        || server.containers.iter().any(|container| {
            let named = container
                .ports
                .iter()
                .filter_map(|port| port.name.as_deref());
            let variables = container.env.iter().filter(|variable| {
                // `SSL_MODE=disable` and its like say the contrary.
                !matches!(&variable.source, EnvSource::Literal { value: Some(value), .. }
                    if ["disable", "disabled", "off", "false", "no", "0"].contains(&value.as_str()))
            });
            named.into_iter().any(says)
                || variables.into_iter().any(|variable| says(&variable.name))
                || container.command.iter().any(|word| says(&word.value))
        })
}
