//! Where images come from, and what brings workloads into the cluster.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};
use palisade_model::{
    ControlKind, DeployPath, Edge, EdgeKind, Fact, Image, ImageRef, Model, NodeId, Origin,
    Pipeline, TagKind,
};

use super::edges::plain;
use super::images;
use crate::paths;

/// Adds the images that pipelines use and make, and the workloads that they deploy.
pub(super) fn add(model: &Model, edges: &mut Vec<Edge>) {
    bases(model, edges);
    let told = made(model, edges);
    named_alike(model, &told, edges);
    for pipeline in &model.pipelines {
        let deployed = below(model, &pipeline.deploys);
        edges.extend(deploys(&pipeline.id, deployed));
    }
    reconciled(model, edges);
}

fn bases(model: &Model, edges: &mut Vec<Edge>) {
    for pipeline in &model.pipelines {
        let stages = pipeline.build.iter().flat_map(|build| &build.stages);
        for stage in stages {
            if let Some(image) = &stage.image {
                let id = images::id(image);
                edges.push(plain(EdgeKind::Uses, &pipeline.id, &id, &stage.base.origin));
            }
        }
    }
}

/// What pipelines say that they make; the images that were found.
fn made<'m>(model: &'m Model, edges: &mut Vec<Edge>) -> BTreeSet<&'m NodeId> {
    let files: BTreeMap<&str, &Pipeline> = model
        .pipelines
        .iter()
        .filter(|pipeline| pipeline.build.is_some())
        .map(|pipeline| (pipeline.name.as_str(), pipeline))
        .collect();
    let mut found = BTreeSet::new();
    for pipeline in &model.pipelines {
        for made in &pipeline.makes {
            let file = made.build_file.as_ref();
            let file = file.and_then(|path| files.get(path.as_str()));
            let makers = file.into_iter().map(|file| &file.id).chain([&pipeline.id]);
            let makers: Vec<&NodeId> = makers.collect();
            for image in model
                .images
                .iter()
                .filter(|image| is_pushed_as(&made.image.value, &image.reference))
            {
                found.insert(&image.id);
                for maker in &makers {
                    let origin = &made.image.origin;
                    edges.push(plain(EdgeKind::Builds, maker, &image.id, origin));
                }
            }
        }
    }
    found
}

/// Whether an image may be what a builder calls by this name: the same repository, or, since a
/// registry is put before a bare name when it is pushed, one that ends with it.
fn is_pushed_as(built: &ImageRef, used: &ImageRef) -> bool {
    if built.registry == used.registry && built.repository == used.repository {
        return true;
    }
    let bare = built.repository.strip_prefix("library/");
    bare.is_some_and(|name| {
        let end = used.repository.strip_suffix(name);
        end.is_some_and(|rest| rest.ends_with('/')) && !used.repository.starts_with("library/")
    })
}

/// Build files that no pipeline mentions: one that is the only one of its name makes the image of
/// that name.
fn named_alike(model: &Model, told: &BTreeSet<&NodeId>, edges: &mut Vec<Edge>) {
    let mentioned: BTreeSet<&String> = model
        .pipelines
        .iter()
        .flat_map(|pipeline| &pipeline.makes)
        .filter_map(|made| made.build_file.as_ref())
        .collect();
    let mut named: BTreeMap<&str, Vec<&Pipeline>> = BTreeMap::new();
    for pipeline in &model.pipelines {
        let Some(name) = pipeline
            .build
            .as_ref()
            .and_then(|_| image_name(&pipeline.name))
        else {
            continue;
        };
        named.entry(name).or_default().push(pipeline);
    }
    for image in model
        .images
        .iter()
        .filter(|image| !told.contains(&image.id))
    {
        let last = image.reference.repository.rsplit('/').next();
        let files = last.and_then(|last| named.get(last));
        if let Some([file]) = files.map(Vec::as_slice)
            && may_be_own(image)
            && !mentioned.contains(&file.name)
        {
            edges.push(plain(EdgeKind::Builds, &file.id, &image.id, &file.origin));
        }
    }
}

/// Folders that are named for what they hold in any project.
const PLAIN_FOLDERS: [&str; 6] = ["app", "build", "container", "docker", "image", "src"];

/// The name that a build file's path gives its image: its folder, or what stands beside the word.
fn image_name(path: &str) -> Option<&str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    match file.split_once('.') {
        None => paths::folder(path)
            .rsplit('/')
            .find(|name| !PLAIN_FOLDERS.contains(name)),
        Some((stem, rest)) if stem.eq_ignore_ascii_case("dockerfile") => Some(rest),
        Some((stem, _)) => Some(stem),
    }
    .filter(|name| !name.is_empty())
}

/// A bare name with a version is one of the public registry's own images.
fn may_be_own(image: &Image) -> bool {
    let official = image.reference.registry == "docker.io"
        && image.reference.repository.starts_with("library/");
    let newest = image.reference.tag.as_deref() == Some("latest");
    !official || newest || image.reference.tag_kind() == TagKind::Absent
}

/// Reconcilers deploy what stands under their path; where nothing of it is here, what is in their
/// namespace.
fn reconciled(model: &Model, edges: &mut Vec<Edge>) {
    for control in &model.controls {
        let ControlKind::Reconciler {
            destination,
            sources,
            ..
        } = &control.kind
        else {
            continue;
        };
        let mut deployed = below(model, sources);
        let elsewhere =
            |source: &Fact<DeployPath>| matches!(source.value, DeployPath::Elsewhere(_));
        let unknown = sources.is_empty() || !sources.iter().all(elsewhere);
        if let (true, true, Some(namespace)) = (deployed.is_empty(), unknown, destination) {
            let inside = model
                .workloads
                .iter()
                .filter(|workload| workload.namespace == *namespace);
            deployed.extend(inside.map(|workload| (&workload.id, &control.origin)));
        }
        edges.extend(deploys(&control.id, deployed));
    }
}

fn deploys<'m>(
    from: &'m NodeId,
    deployed: BTreeMap<&'m NodeId, &'m Origin>,
) -> impl Iterator<Item = Edge> {
    deployed
        .into_iter()
        .map(move |(to, origin)| plain(EdgeKind::Deploys, from, to, origin))
}

/// The workloads with a declaration below any of these paths, and the path that says so.
fn below<'m>(
    model: &'m Model,
    sources: &'m [Fact<DeployPath>],
) -> BTreeMap<&'m NodeId, &'m Origin> {
    let mut found = BTreeMap::new();
    for source in sources {
        let glob = match &source.value {
            DeployPath::Glob(text) => matcher(text),
            _ => None,
        };
        for workload in model.declarations() {
            let origin = &workload.origin;
            let files = [Some(&origin.file), origin.rendered_from.as_ref()];
            let mut files = files.into_iter().flatten();
            if files.any(|file| holds(&source.value, glob.as_ref(), file)) {
                found.entry(&workload.id).or_insert(&source.origin);
            }
        }
    }
    found
}

fn matcher(text: &str) -> Option<GlobMatcher> {
    let mut builder = GlobBuilder::new(text);
    let glob = builder.literal_separator(true).build().ok()?;
    Some(glob.compile_matcher())
}

fn holds(path: &DeployPath, glob: Option<&GlobMatcher>, file: &str) -> bool {
    match path {
        DeployPath::Here(folder) => paths::is_below(file, folder),
        DeployPath::Glob(_) => glob.is_some_and(|glob| glob.is_match(file)),
        // The run may have started in a folder of the repository, or above several.
        DeployPath::Repository(folder) => {
            folder.is_empty() || format!("/{file}").contains(&format!("/{folder}/"))
        }
        DeployPath::Elsewhere(_) => false,
    }
}
