//! Images, by who names them.

use std::collections::BTreeMap;

use palisade_model::{Fact, Image, ImageRef, ImageUse, Model, NodeId, NodeKind, VolumeSource};

/// The id of an image, with the registry and repository written out.
pub(super) fn id(reference: &ImageRef) -> NodeId {
    let mut name = format!("{}/{}", reference.registry, reference.repository);
    if let Some(tag) = &reference.tag {
        name = format!("{name}:{tag}");
    }
    if let Some(digest) = &reference.digest {
        name = format!("{name}@{digest}");
    }
    NodeId::new(NodeKind::Image, &name)
}

/// Adds the images of containers and build stages.
pub(super) fn add(model: &mut Model) {
    let mut images: BTreeMap<NodeId, Image> = BTreeMap::new();
    for workload in model.declarations() {
        for container in &workload.containers {
            let Some(image) = &container.image else {
                continue;
            };
            let by = ImageUse::Container {
                workload: workload.id.clone(),
                container: container.name.clone(),
            };
            note(
                &mut images,
                &image.value,
                Fact::new(by, image.origin.clone()),
            );
        }
    }
    for workload in model.declarations() {
        for volume in &workload.volumes {
            if let VolumeSource::Image { image } = &volume.source {
                let by = ImageUse::Volume {
                    workload: workload.id.clone(),
                    volume: volume.name.clone(),
                };
                let by = Fact::new(by, image.origin.clone());
                note(&mut images, &image.value, by);
            }
        }
    }
    for pipeline in &model.pipelines {
        let stages = pipeline.build.iter().flat_map(|build| &build.stages);
        for stage in stages {
            let Some(image) = &stage.image else {
                continue;
            };
            let by = ImageUse::Base {
                pipeline: pipeline.id.clone(),
            };
            note(&mut images, image, Fact::new(by, stage.base.origin.clone()));
        }
    }
    for image in images.values_mut() {
        image.uses.sort_by(|a, b| a.origin.cmp(&b.origin));
        if let Some(first) = image.uses.first() {
            image.origin.clone_from(&first.origin);
        }
    }
    model.images.extend(images.into_values());
}

fn note(images: &mut BTreeMap<NodeId, Image>, reference: &ImageRef, by: Fact<ImageUse>) {
    let id = id(reference);
    let image = images.entry(id.clone()).or_insert_with(|| Image {
        id,
        reference: reference.clone(),
        uses: Vec::new(),
        origin: by.origin.clone(),
    });
    image.uses.push(by);
}
