//! Folders of a disc: their order, their sizes, their records (ECMA-119 6.8, 9.1, 9.4).

use std::collections::{BTreeMap, HashSet};

use super::names::Flavour;
use super::{MAX_EXTENT, SECTOR, both16, both32};
use crate::media::{Error, Result, Tree};

/// Folders of a disc at most: their parents are counted with 16 bits.
const MAX_FOLDERS: usize = u16::MAX as usize;
/// Folders within folders, with the root (ECMA-119 6.8.2.1).
const MAX_DEPTH: usize = 8;

/// Where bytes lie: the first sector, and how many bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    pub(super) at: u64,
    pub(super) size: u64,
}

#[derive(Debug, Default)]
struct Folder {
    parent: usize,
    identifier: Vec<u8>,
    /// By identifier: a file of the tree, or a folder.
    children: BTreeMap<Vec<u8>, Child>,
    by_name: BTreeMap<String, usize>,
    taken: HashSet<Vec<u8>>,
    depth: usize,
}

#[derive(Debug, Clone, Copy)]
enum Child {
    File { number: usize, size: u64 },
    Folder(usize),
}

/// A hierarchy with the names of one flavour.
#[derive(Debug)]
pub(super) struct Folders {
    folders: Vec<Folder>,
}

impl Folders {
    pub(super) fn of(tree: &Tree, flavour: Flavour) -> Result<Self> {
        let mut all = Self {
            folders: vec![Folder::default()],
        };
        for (number, file) in tree.files.iter().enumerate() {
            let (above, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let mut folder = 0;
            for part in above.split('/').filter(|part| !part.is_empty()) {
                folder = all.below(folder, part, flavour)?;
            }
            if name.is_empty() {
                return Err(Error::Name);
            }
            let folder = &mut all.folders[folder];
            let identifier = flavour.identifier(name, false, &mut folder.taken);
            let size = file.content.size();
            folder.children.insert(identifier, Child::File { number, size });
        }
        Ok(all)
    }

    /// The folder of this name in a folder.
    fn below(&mut self, parent: usize, name: &str, flavour: Flavour) -> Result<usize> {
        if let Some(folder) = self.folders[parent].by_name.get(name) {
            return Ok(*folder);
        }
        let number = self.folders.len();
        let depth = self.folders[parent].depth + 1;
        for (what, limit, found) in [
            ("folders of a disc", MAX_FOLDERS, number + 1),
            ("folders within folders of a disc", MAX_DEPTH - 1, depth),
        ] {
            if found > limit {
                let (limit, found) = (limit as u64, found as u64);
                return Err(Error::TooMany { what, limit, found });
            }
        }
        let above = &mut self.folders[parent];
        let identifier = flavour.identifier(name, true, &mut above.taken);
        above.children.insert(identifier.clone(), Child::Folder(number));
        above.by_name.insert(name.to_owned(), number);
        self.folders.push(Folder {
            parent,
            identifier,
            depth,
            ..Folder::default()
        });
        Ok(number)
    }

    /// Gives the tables and folders their places from sector `at`, which moves behind them.
    pub(super) fn placed(self, at: &mut u64) -> Placed {
        // Ordered by depth, then by the parent's place, then by name (ECMA-119 6.9.1).
        let mut order = vec![0];
        let mut next = 0;
        while let Some(folder) = order.get(next) {
            let children = self.folders[*folder].children.values();
            let below: Vec<usize> = children
                .filter_map(|child| match child {
                    Child::Folder(folder) => Some(*folder),
                    Child::File { .. } => None,
                })
                .collect();
            order.extend(below);
            next += 1;
        }
        let table_bytes: usize = order.iter().map(|n| table_entry_bytes(&self.folders[*n])).sum();
        let table_sectors = (table_bytes as u64).div_ceil(SECTOR);
        let little_table_at = *at;
        *at += 2 * table_sectors;
        let mut extents = vec![Extent::default(); order.len()];
        for folder in &order {
            let size = self.folders[*folder].bytes();
            extents[*folder] = Extent { at: *at, size };
            *at += size / SECTOR;
        }
        Placed {
            folders: self.folders,
            order,
            extents,
            table_bytes: table_bytes as u32,
            little_table_at: little_table_at as u32,
            big_table_at: (little_table_at + table_sectors) as u32,
        }
    }
}

impl Folder {
    /// Bytes of the folder's own records: whole sectors, over whose ends no record goes.
    fn bytes(&self) -> u64 {
        let mut bytes = 2 * record_bytes(1) as u64;
        for (identifier, child) in &self.children {
            let length = record_bytes(identifier.len()) as u64;
            let parts = match child {
                Child::File { size, .. } => size.div_ceil(MAX_EXTENT).max(1),
                Child::Folder(_) => 1,
            };
            for _ in 0..parts {
                if bytes % SECTOR + length > SECTOR {
                    bytes = bytes.next_multiple_of(SECTOR);
                }
                bytes += length;
            }
        }
        bytes.next_multiple_of(SECTOR)
    }
}

/// A hierarchy with its places on the disc.
#[derive(Debug)]
pub(super) struct Placed {
    folders: Vec<Folder>,
    order: Vec<usize>,
    extents: Vec<Extent>,
    pub(super) table_bytes: u32,
    pub(super) little_table_at: u32,
    pub(super) big_table_at: u32,
}

impl Placed {
    pub(super) fn root(&self) -> Extent {
        self.extents[0]
    }

    /// Writes the two path tables, then the folders, each from a sector's start.
    pub(super) fn write(&self, files: &[Extent], to: &mut Vec<u8>) {
        let mut places = vec![0_u16; self.folders.len()];
        for (place, folder) in (1..).zip(&self.order) {
            places[*folder] = place;
        }
        for is_big in [false, true] {
            for folder in &self.order {
                self.table_entry(*folder, &places, is_big, to);
            }
            fill_sector(to);
        }
        for folder in &self.order {
            self.write_folder(*folder, files, to);
        }
    }

    fn table_entry(&self, number: usize, places: &[u16], is_big: bool, to: &mut Vec<u8>) {
        let folder = &self.folders[number];
        let root = [0];
        let identifier = if number == 0 {
            &root[..]
        } else {
            &folder.identifier
        };
        let at = self.extents[number].at as u32;
        let parent = places[folder.parent];
        to.extend([identifier.len() as u8, 0]);
        if is_big {
            to.extend(at.to_be_bytes());
            to.extend(parent.to_be_bytes());
        } else {
            to.extend(at.to_le_bytes());
            to.extend(parent.to_le_bytes());
        }
        to.extend(identifier);
        if identifier.len() % 2 == 1 {
            to.push(0);
        }
    }

    fn write_folder(&self, number: usize, files: &[Extent], to: &mut Vec<u8>) {
        let folder = &self.folders[number];
        to.extend(record(&[0], self.extents[number], true, false));
        to.extend(record(&[1], self.extents[folder.parent], true, false));
        let mut put = |record: Vec<u8>| {
            if to.len() as u64 % SECTOR + record.len() as u64 > SECTOR {
                fill_sector(to);
            }
            to.extend(record);
        };
        for (identifier, child) in &folder.children {
            match child {
                Child::Folder(below) => put(record(identifier, self.extents[*below], true, false)),
                Child::File { number, .. } => {
                    let mut left = files[*number];
                    loop {
                        let size = left.size.min(MAX_EXTENT);
                        let goes_on = left.size > size;
                        put(record(identifier, Extent { at: left.at, size }, false, goes_on));
                        if !goes_on {
                            break;
                        }
                        left.at += size / SECTOR;
                        left.size -= size;
                    }
                }
            }
        }
        fill_sector(to);
    }
}

fn fill_sector(to: &mut Vec<u8>) {
    to.resize(to.len().next_multiple_of(SECTOR as usize), 0);
}

fn record_bytes(identifier: usize) -> usize {
    (33 + identifier).next_multiple_of(2)
}

fn table_entry_bytes(folder: &Folder) -> usize {
    8 + folder.identifier.len().max(1).next_multiple_of(2)
}

/// A directory record (ECMA-119 9.1).
pub(super) fn record(identifier: &[u8], extent: Extent, is_folder: bool, goes_on: bool) -> Vec<u8> {
    let length = record_bytes(identifier.len());
    let mut bytes = vec![length as u8, 0];
    both32(&mut bytes, extent.at as u32);
    both32(&mut bytes, extent.size as u32);
    // No date, no interleaving.
    bytes.extend([0; 7]);
    bytes.extend([u8::from(is_folder) << 1 | u8::from(goes_on) << 7, 0, 0]);
    both16(&mut bytes, 1);
    bytes.push(identifier.len() as u8);
    bytes.extend(identifier);
    bytes.resize(length, 0);
    bytes
}
