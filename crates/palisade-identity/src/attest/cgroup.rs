//! What the control group of a process says: its container, its pod and its systemd unit.

/// The longest text of `/proc/PID/cgroup` that is read, in bytes.
pub(super) const LONGEST: u64 = 16 * 1024;

/// The control group of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cgroup<'a> {
    path: &'a str,
}

impl<'a> Cgroup<'a> {
    /// Reads `/proc/PID/cgroup`: the unified hierarchy, or that of systemd where there is none.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let under = |name: &str| {
            let mut lines = text.lines().filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            });
            lines.find(|(found, path)| *found == name && path.starts_with('/'))
        };
        let (_, path) = under("")
            .filter(|(_, path)| *path != "/")
            .or_else(|| under("name=systemd"))
            .or_else(|| under(""))?;
        // A group outside the visible root is told relative to it; nothing follows from that.
        let outside = path.split('/').any(|part| part == "..");
        (!outside).then_some(Self { path })
    }

    /// The group of a path that was read before; nothing where none was visible.
    pub(super) fn at(path: &'a str) -> Option<Self> {
        path.starts_with('/').then_some(Self { path })
    }

    /// The path.
    pub(super) fn path(&self) -> &'a str {
        self.path
    }

    /// The systemd unit: the first group that is no slice, as systemd itself reads it.
    pub(super) fn unit(&self) -> Option<&'a str> {
        let first = self
            .parts()
            .find(|part| part.strip_suffix(".slice").is_none())?;
        let unit = first.strip_prefix('_').unwrap_or(first);
        let (_, kind) = unit.rsplit_once('.')?;
        matches!(kind, "service" | "scope" | "socket" | "mount" | "swap").then_some(unit)
    }

    /// The id of the container.
    ///
    /// The outermost one counts: a process can often make groups below its own, and must not take
    /// the id of another container that way. Groups of a user's own service manager say nothing.
    pub(super) fn container(&self) -> Option<&'a str> {
        self.trusted_parts().find_map(container_id)
    }

    /// The uid of the Kubernetes pod, as Kubernetes writes it.
    pub(super) fn pod(&self) -> Option<String> {
        self.trusted_parts().find_map(pod_uid)
    }

    fn parts(&self) -> impl Iterator<Item = &'a str> {
        self.path.split('/').filter(|part| !part.is_empty())
    }

    fn trusted_parts(&self) -> impl Iterator<Item = &'a str> {
        let of_a_user = |part: &&str| part.starts_with("user@") && part.ends_with(".service");
        self.parts().take_while(move |part| !of_a_user(part))
    }
}

fn container_id(part: &str) -> Option<&str> {
    let part = part.strip_suffix(".scope").unwrap_or(part);
    // `docker-ID`, `cri-containerd-ID`, `crio-ID`, `libpod-ID`, or the id alone.
    let id = part.rsplit_once('-').map_or(part, |(_, id)| id);
    let is_id = id.len() == 64
        && id
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_monitor = part.starts_with("libpod-conmon") || part.starts_with("crio-conmon");
    (is_id && !is_monitor).then_some(id)
}

fn pod_uid(part: &str) -> Option<String> {
    // `podUID`, or `kubepods-QOS-podU_I_D.slice` where systemd makes the groups.
    let (_, uid) = match part.strip_suffix(".slice") {
        Some(slice) => slice
            .rsplit_once("pod")
            .filter(|_| slice.starts_with("kubepods"))?,
        None => ("", part.strip_prefix("pod")?),
    };
    let uid = uid.replace('_', "-");
    let fits = uid.len() <= 64 && uid.len() >= 32;
    let legal = uid
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (fits && legal).then_some(uid)
}

#[cfg(test)]
mod tests {
    use super::Cgroup;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const OTHER: &str = "ff23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const POD: &str = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

    fn of(text: &str) -> Cgroup<'_> {
        Cgroup::read(text).expect(text)
    }

    #[test]
    fn units_are_read_as_systemd_does() {
        for (path, unit) in [
            ("/system.slice/web.service", Some("web.service")),
            (
                "/system.slice/web.service/worker/a.service",
                Some("web.service"),
            ),
            (
                "/user.slice/user-7.slice/user@7.service/app.slice/web.service",
                Some("user@7.service"),
            ),
            (
                "/user.slice/user-7.slice/session-3.scope",
                Some("session-3.scope"),
            ),
            ("/system.slice/_cgroup.service", Some("cgroup.service")),
            ("/", None),
            ("/web/a.service", None),
        ] {
            assert_eq!(of(&format!("0::{path}\n")).unit(), unit, "{path}");
        }
    }

    #[test]
    fn containers_are_found_under_every_runtime() {
        for path in [
            format!("/docker/{ID}"),
            format!("/system.slice/docker-{ID}.scope"),
            format!("/kubepods/burstable/pod{POD}/{ID}"),
            format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope"),
            format!("/machine.slice/libpod-{ID}.scope/container"),
            format!("/kubepods.slice/crio-{ID}.scope"),
        ] {
            assert_eq!(of(&format!("0::{path}")).container(), Some(ID), "{path}");
        }
    }

    #[test]
    fn groups_that_a_process_makes_itself_give_no_other_container() {
        let nested = format!("0::/docker/{ID}/docker-{OTHER}.scope");
        assert_eq!(of(&nested).container(), Some(ID));
        let user = format!("0::/user.slice/user-7.slice/user@7.service/docker-{OTHER}.scope");
        assert_eq!(of(&user).container(), None);
        let pod = format!("0::/user.slice/user-7.slice/user@7.service/pod{POD}/{OTHER}");
        assert_eq!(of(&pod).pod(), None);
        assert_eq!(of(&format!("0::/docker/{}", &ID[1..])).container(), None);
        assert_eq!(
            of(&format!("0::/docker/{}", ID.to_uppercase())).container(),
            None
        );
    }

    #[test]
    fn pods_are_found_with_both_drivers() {
        for path in [
            format!("/kubepods/besteffort/pod{POD}/{ID}"),
            format!(
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{}.slice/cri-containerd-{ID}.scope",
                POD.replace('-', "_")
            ),
        ] {
            assert_eq!(
                of(&format!("0::{path}")).pod().as_deref(),
                Some(POD),
                "{path}"
            );
        }
        assert_eq!(of("0::/podman/1").pod(), None);
    }

    #[test]
    fn the_hierarchy_of_systemd_counts_where_the_unified_one_is_empty() {
        let text = "12:pids:/x\n1:name=systemd:/system.slice/web.service\n0::/\n";
        assert_eq!(of(text).unit(), Some("web.service"));
        assert_eq!(of("0::/\n").path(), "/");
        assert!(Cgroup::read("0::/../../docker/x\n").is_none());
        assert!(Cgroup::read("").is_none());
        assert!(Cgroup::read("nonsense\n::\n:").is_none());
    }
}
