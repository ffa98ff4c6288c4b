//! Disks that the tests make and put under a world: one that is small, and one whose power can be cut. Both need root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk that is mounted; taken away when it is dropped.
pub struct Disk {
    at: PathBuf,
    image: Option<PathBuf>,
    cuts: usize,
}

fn run(line: &[&str]) -> Result<(), String> {
    let out = Command::new(line[0]).args(&line[1..]).output();
    let out = out.map_err(|e| format!("{}: {e}", line[0]))?;
    let told = super::text(&out);
    let told = told.trim();
    out.status
        .success()
        .then_some(())
        .ok_or_else(|| format!("{}: {told}", line.join(" ")))
}

impl Disk {
    /// A disk in memory with room for so many KiB.
    pub fn small(at: &Path, kib: u64) -> Result<Self, String> {
        let size = format!("size={kib}k");
        run(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", text(at)])?;
        Ok(Self {
            at: at.to_owned(),
            image: None,
            cuts: 0,
        })
    }

    /// A disk with ext4 in a file. What was not made durable stays in memory for minutes, and a name that is given to
    /// a file that was not made durable is lost with the power.
    pub fn cuttable(at: &Path, image: &Path) -> Result<Self, String> {
        run(&["truncate", "-s", "64M", text(image)])?;
        run(&["mkfs.ext4", "-q", text(image)])?;
        mount(image, at)?;
        Ok(Self {
            at: at.to_owned(),
            image: Some(image.to_owned()),
            cuts: 0,
        })
    }

    /// The power is cut: what the disk has now, without what is in memory only, is all that is left.
    pub fn cut(&mut self) {
        let image = self.image.clone().unwrap();
        self.cuts += 1;
        let now = image.with_extension(self.cuts.to_string());
        run(&["cp", "--sparse=always", text(&image), text(&now)]).unwrap();
        unmount(&self.at).unwrap();
        std::fs::remove_file(&image).unwrap();
        mount(&now, &self.at).unwrap();
        self.image = Some(now);
    }

    /// Leaves room for so many KiB and no more, until it is given back.
    pub fn fill(&self, kib: u64) {
        let room = rustix::fs::statvfs(&self.at).unwrap();
        let fills = (room.f_bavail * room.f_bsize).saturating_sub(kib << 10);
        let file = std::fs::File::create(self.at.join(BALLAST)).unwrap();
        if fills > 0 {
            let how = rustix::fs::FallocateFlags::empty();
            rustix::fs::fallocate(file, how, 0, fills).unwrap();
        }
    }

    /// Gives the room back.
    pub fn free(&self) {
        std::fs::remove_file(self.at.join(BALLAST)).unwrap();
    }
}

const BALLAST: &str = "ballast";

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(told) = unmount(&self.at) {
            println!("{told}");
        }
    }
}

fn mount(image: &Path, at: &Path) -> Result<(), String> {
    let how = "loop,commit=300,noauto_da_alloc";
    run(&["mount", "-t", "ext4", "-o", how, text(image), text(at)])
}

fn unmount(at: &Path) -> Result<(), String> {
    run(&["umount", text(at)])
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
