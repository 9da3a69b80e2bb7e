//! Folders that end with their test.

use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Folder {
    path: PathBuf,
    is_mounted: bool,
}

pub fn new(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("uptake-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    Folder {
        path,
        is_mounted: false,
    }
}

/// A file system in memory; `None` without the right to mount one.
pub fn small(name: &str, size: &str) -> Option<Folder> {
    let mut folder = new(name);
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
        .arg(&folder.path)
        .output();
    folder.is_mounted = mounted.is_ok_and(|output| output.status.success());
    folder.is_mounted.then_some(folder)
}

impl Folder {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("-l").arg(&self.path).status();
        }
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
