//! What the node stands on: files that others must not read, the database's clock, the disk.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use exchange::ports::Clock;
use jiff::SignedDuration;
use rustix::fs::statvfs;
use store::Database;

use super::Chart;
use crate::fail::Fail;
use crate::os::SystemClock;

/// Leases are counted by the machine's clock: beyond this two processes could each believe that one is theirs.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// Below so many bytes a package may not fit any more.
const LITTLE: u64 = 1 << 30;
const NOTHING: u64 = 64 << 20;

/// Who may use the service, and the service's own key, are their owner's to read (SEC-13).
pub(super) fn private(dir: &Path, chart: &mut Chart) {
    for name in ["access.toml", "staff.toml", "tls/server.key"] {
        let path = dir.join(name);
        let Ok(found) = std::fs::metadata(&path) else {
            continue;
        };
        if found.permissions().mode() & 0o077 == 0 {
            chart.ok("private", format!("{name} is its owner's alone"));
        } else {
            chart.broken(
                "private",
                format!("{} may be read or changed by others", path.display()),
                "allow its owner alone (chmod go= FILE); if it is a key, consider it known (SEC-13)",
            );
        }
    }
}

/// The database's clock and this machine's.
pub(super) async fn skew(url: &str, chart: &mut Chart) -> Result<(), Fail> {
    let Some(database) = Database::look(url).await? else {
        return Ok(());
    };
    let before = SystemClock.now();
    let Some(there) = database.now().await? else {
        return Ok(());
    };
    let skew = there.duration_since(before).abs();
    if skew <= SKEW {
        chart.ok("skew", "the database's clock and this machine's agree");
    } else {
        chart.broken(
            "skew",
            format!("the database's clock and this machine's are {skew:#} apart"),
            "set both by the same source of time: the processes of a node tell by the clock whose turn it is",
        );
    }
    Ok(())
}

/// Room on the disk that the node's directory is on.
pub(super) fn room(dir: &Path, chart: &mut Chart) {
    const PART: &str = "disk";
    const MEND: &str =
        "make room: without it nothing is received, and no entry is written (docs/runbook.md)";
    let free = match statvfs(dir) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(e) => return chart.broken(PART, e.to_string(), MEND),
    };
    let what = format!("{} MiB are free", free >> 20);
    match free {
        0..NOTHING => chart.broken(PART, what, MEND),
        NOTHING..LITTLE => chart.look(PART, what, MEND),
        LITTLE.. => chart.ok(PART, what),
    }
}

/// Where the machine may write what is in memory: what is at hand for a moment must be on no disk (RTC-10). The packaged service
/// is kept out of it (`MemorySwapMax=0`), and nothing else is. `root` is where `/proc` and `/sys` are.
pub(super) fn swap(root: &Path, chart: &mut Chart) {
    const PART: &str = "swap";
    const MEND: &str = "switch it off, or encrypt it: the packaged service does not swap, and every command and service that is \
                        started otherwise may (docs/runbook.md)";
    let Ok(devices) = std::fs::read_to_string(root.join("proc/swaps")) else {
        return chart.look(PART, "the system does not say whether it swaps", MEND);
    };
    // The first line is a heading.
    let devices = devices.lines().skip(1);
    let devices = devices.filter_map(|line| line.split_whitespace().next());
    let clear: Vec<&str> = devices.filter(|device| !closed(root, device)).collect();
    match clear.is_empty() {
        true => chart.ok(PART, "nothing in memory is written to a disk in clear"),
        false => chart.look(
            PART,
            format!("the machine swaps to {}", clear.join(", ")),
            MEND,
        ),
    }
}

/// Is what is swapped there in memory all the same, or encrypted?
fn closed(root: &Path, device: &str) -> bool {
    let Some(name) = device.strip_prefix("/dev/") else {
        return false;
    };
    let told = |file: &str| std::fs::read_to_string(root.join("sys/block").join(name).join(file));
    match name.starts_with("zram") {
        // Compressed in memory, unless a disk stands behind it.
        true => told("backing_dev").is_ok_and(|behind| behind.trim() == "none"),
        false => told("dm/uuid").is_ok_and(|uuid| uuid.starts_with("CRYPT-")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Is;
    use super::*;

    fn first(chart: &Chart) -> Is {
        chart.0.first().unwrap().is
    }

    // shows: SEC-13
    #[test]
    fn a_list_of_who_is_known_that_others_may_read_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let check = |mode: u32, expect: Is| {
            let path = dir.path().join("access.toml");
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut chart = Chart::default();
            private(dir.path(), &mut chart);
            assert!(first(&chart) == expect, "{mode:o}");
        };
        check(0o600, Is::Ok);
        check(0o400, Is::Ok);
        check(0o640, Is::Broken);
        check(0o602, Is::Broken);
    }

    #[test]
    fn a_disk_is_measured_and_one_that_is_not_there_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let mut chart = Chart::default();
        room(dir.path(), &mut chart);
        assert!(first(&chart) != Is::Broken);
        let mut chart = Chart::default();
        room(&dir.path().join("not-there"), &mut chart);
        assert!(first(&chart) == Is::Broken);
    }

    // shows: RTC-10
    #[test]
    fn a_machine_that_swaps_to_a_disk_in_clear_is_told() {
        const HEAD: &str = "Filename\tType\tSize\tUsed\tPriority\n";
        let check = |devices: &[(&str, Option<(&str, &str)>)], expect: Is| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("proc")).unwrap();
            let mut text = HEAD.to_owned();
            for (device, told) in devices {
                text += &format!("{device}\tpartition\t1024\t0\t-2\n");
                if let Some((file, what)) = told {
                    let name = device.strip_prefix("/dev/").unwrap();
                    let file = dir.path().join("sys/block").join(name).join(file);
                    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                    std::fs::write(file, what).unwrap();
                }
            }
            std::fs::write(dir.path().join("proc/swaps"), text).unwrap();
            let mut chart = Chart::default();
            swap(dir.path(), &mut chart);
            assert!(first(&chart) == expect, "{devices:?}");
        };
        let crypt = ("/dev/dm-1", Some(("dm/uuid", "CRYPT-PLAIN-swap\n")));
        let zram = ("/dev/zram0", Some(("backing_dev", "none\n")));
        check(&[], Is::Ok);
        check(&[crypt], Is::Ok);
        check(&[zram, crypt], Is::Ok);
        check(&[("/dev/sda2", None)], Is::Look);
        check(&[crypt, ("/dev/sda2", None)], Is::Look);
        check(&[("/swapfile", None)], Is::Look);
        check(&[("/dev/dm-1", Some(("dm/uuid", "LVM-x\n")))], Is::Look);
        check(
            &[("/dev/zram0", Some(("backing_dev", "/dev/sda3\n")))],
            Is::Look,
        );
        // What is not known is not good.
        check(&[("/dev/zram0", None)], Is::Look);
        let mut chart = Chart::default();
        swap(Path::new("/not-there"), &mut chart);
        assert!(first(&chart) == Is::Look);
    }
}
