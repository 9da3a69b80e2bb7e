//! Folders for tests, removed afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A new empty folder that ends with the test.
pub(crate) struct TestFolder(PathBuf);

impl TestFolder {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pacs-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Mounts a small file system in memory on the folder; `None` without the right to.
    pub(crate) fn mount_tmpfs(&self, size: &str) -> Option<Mounted> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&self.0)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Mounted(self.0.clone()))
    }

    /// Mounts the image of a disc on the folder; `None` without the right to.
    pub(crate) fn mount_disc(&self, image: &Path) -> Option<Mounted> {
        let ways: [&[&str]; 2] = [&["mount", "-o", "loop,ro"], &["fuseiso"]];
        let is_mounted = ways.iter().any(|way| {
            let mounted = Command::new(way[0])
                .args(&way[1..])
                .arg(image)
                .arg(&self.0)
                .output();
            mounted.is_ok_and(|output| output.status.success())
        });
        is_mounted.then(|| Mounted(self.0.clone()))
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A file system that ends with the test.
pub(crate) struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
