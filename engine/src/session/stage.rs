//! The voxels that a session works on: asked of its source, named for renderers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::geometry::{Affine, Grid, Patient, Point};
use crate::render::{VolumeId, Volumes};
use crate::session::error::Refusal;
use crate::session::sheet::Sheet;
use crate::session::sight::map;
use crate::session::source::{Arrival, ImageArrival, SeriesFacts, Source};
use crate::session::state::{Joint, Origin, Shown};
use crate::volume::{Rescale, Volume, Voxels};

/// Most bytes of images that are kept ready to be drawn.
const MAX_SHEET_BYTES: usize = 384 << 20;

/// The source and the volumes that were taken from it.
pub(super) struct Stage {
    source: Box<dyn Source + Send>,
    /// Lent to renderers under their numbers.
    pub(super) volumes: Volumes,
    /// Number of a series' phase, and the version it stands for.
    known: BTreeMap<(String, usize), (VolumeId, u64)>,
    next: u64,
    sheets: Mutex<Sheets>,
}

/// Images that were asked for last, the latest at the end.
#[derive(Default)]
struct Sheets {
    known: Vec<((String, usize), Arc<Sheet>)>,
}

/// A volume that can be drawn.
pub(super) struct Drawable {
    pub(super) id: VolumeId,
    pub(super) volume: Volume,
    /// How much of it has come, 0 to 1.
    pub(super) fraction: f64,
}

impl Stage {
    pub(super) fn new(source: Box<dyn Source + Send>) -> Self {
        Self {
            source,
            volumes: Volumes::new(),
            known: BTreeMap::new(),
            next: 1,
            sheets: Mutex::default(),
        }
    }

    pub(super) fn series(&self) -> &[SeriesFacts] {
        self.source.series()
    }

    pub(super) fn facts(&self, key: &str) -> Result<&SeriesFacts, Refusal> {
        let found = self.series().iter().find(|facts| facts.key == key);
        found.ok_or_else(|| Refusal::NoSeries(key.to_owned()))
    }

    /// What makes stored values of each slice into those that are shown; empty where it is not known.
    pub(super) fn rescales(&self, key: &str) -> Vec<Rescale> {
        self.source.rescales(key)
    }

    /// A whole volume, to be measured.
    ///
    /// # Errors
    ///
    /// [`Refusal::Waiting`] until all of it has come, [`Refusal::Failed`] when it never will.
    pub(super) fn whole(&self, key: &str, phase: u32) -> Result<Volume, Refusal> {
        match self.arrival(key, phase)? {
            Arrival::Whole(volume) => Ok(volume),
            Arrival::Failed(reason) => Err(Refusal::Failed {
                key: key.to_owned(),
                reason,
            }),
            Arrival::Waiting | Arrival::Part { .. } => Err(Refusal::Waiting(key.to_owned())),
        }
    }

    /// As much of a volume as has come, under a number that changes with its voxels.
    pub(super) fn drawable(&mut self, key: &str, phase: u32) -> Result<Option<Drawable>, Refusal> {
        let (volume, version, fraction) = match self.arrival(key, phase)? {
            Arrival::Whole(volume) => (volume, u64::MAX, 1.0),
            Arrival::Part {
                volume,
                version,
                fraction,
            } => (volume, version.min(u64::MAX - 1), fraction),
            Arrival::Waiting => return Ok(None),
            Arrival::Failed(reason) => {
                return Err(Refusal::Failed {
                    key: key.to_owned(),
                    reason,
                });
            }
        };
        let slot = (key.to_owned(), phase as usize);
        let id = match self.known.get(&slot) {
            Some((id, known)) if *known == version => *id,
            known => {
                if let Some((old, _)) = known {
                    self.volumes.remove(*old);
                }
                let id = VolumeId(self.next);
                self.next += 1;
                self.known.insert(slot, (id, version));
                self.volumes.insert(id, volume.clone());
                id
            }
        };
        Ok(Some(Drawable { id, volume, fraction }))
    }

    /// Takes back what no view shows any more.
    pub(super) fn keep_only(&mut self, shown: impl Fn(&str) -> bool) {
        let gone: Vec<_> = self
            .known
            .keys()
            .filter(|(key, _)| !shown(key))
            .cloned()
            .collect();
        for slot in gone {
            if let Some((id, _)) = self.known.remove(&slot) {
                self.volumes.remove(id);
            }
        }
    }

    fn arrival(&self, key: &str, phase: u32) -> Result<Arrival, Refusal> {
        let facts = self.facts(key)?;
        if facts.planar.is_some() {
            return Err(Refusal::NoVolume(key.to_owned()));
        }
        let phases = facts.phases.max(1);
        Ok(self.source.volume(key, (phase as usize).min(phases - 1)))
    }

    /// One of the images of a series without a volume; `None` while it has not come.
    ///
    /// # Errors
    ///
    /// [`Refusal::Failed`] when it never will.
    pub(super) fn sheet(&self, key: &str, n: usize) -> Result<Option<Arc<Sheet>>, Refusal> {
        let facts = self.facts(key)?;
        let slot = (key.to_owned(), n);
        let mut sheets = self.sheets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = sheets.known.iter().position(|(known, _)| *known == slot) {
            let found = sheets.known.remove(at);
            sheets.known.push(found.clone());
            return Ok(Some(found.1));
        }
        let failed = |reason: String| Refusal::Failed {
            key: key.to_owned(),
            reason,
        };
        let image = match self.source.image(key, n) {
            ImageArrival::Waiting => return Ok(None),
            ImageArrival::Failed(reason) => return Err(failed(reason)),
            ImageArrival::Whole(image) => image,
        };
        let [columns, rows, _] = facts.grid.size();
        if image.planar.size().map(|side| side as usize) != [columns, rows] {
            return Err(failed("the image has another size than was announced".to_owned()));
        }
        let sheet = Arc::new(Sheet::new(image));
        sheets.known.push((slot, sheet.clone()));
        let mut bytes: usize = sheets.known.iter().map(|(_, sheet)| sheet.bytes()).sum();
        while bytes > MAX_SHEET_BYTES && sheets.known.len() > 1 {
            bytes -= sheets.known.remove(0).1.bytes();
        }
        Ok(Some(sheet))
    }

    /// The real values of one slice of images without a volume, on its own grid, to be measured.
    ///
    /// # Errors
    ///
    /// [`Refusal::Waiting`] while it has not come, [`Refusal::NoVolume`] for one of colours.
    pub(super) fn values_of_image(&self, key: &str, n: usize) -> Result<Volume, Refusal> {
        let facts = self.facts(key)?;
        let sheet = self
            .sheet(key, n)?
            .ok_or_else(|| Refusal::Waiting(key.to_owned()))?;
        let values = sheet.values().ok_or_else(|| Refusal::NoVolume(key.to_owned()))?;
        let [columns, rows, _] = facts.grid.size();
        let axes = [0, 1, 2].map(|axis| facts.grid.patient_from_voxel().axis(axis));
        let origin = facts.grid.patient(Point::new(0.0, 0.0, n as f64));
        let failed = |reason: String| Refusal::Failed {
            key: key.to_owned(),
            reason,
        };
        let grid = Grid::new([columns, rows, 1], Affine::from_axes(axes, origin));
        let grid = grid.map_err(|error| failed(error.to_string()))?;
        let voxels = Voxels::F32(values.into());
        Volume::new(grid, voxels, Rescale::IDENTITY, facts.unit.clone())
            .map_err(|error| failed(error.to_string()))
    }

    /// The facts of the images without a volume that a space belongs to.
    pub(super) fn images_of(&self, space: &str) -> Option<&SeriesFacts> {
        let mut series = self.series().iter();
        series.find(|facts| facts.planar.is_some() && facts.space() == space)
    }

    /// Where the space of `moving` lies in that of `fixed`, and what says so; `None` when nothing does.
    ///
    /// Spaces are joined by one frame of reference, or by joints, over at most two others.
    pub(super) fn way(&self, joints: &[std::sync::Arc<Joint>], fixed: &str, moving: &str) -> Option<Way> {
        if fixed == moving {
            return Some(Way {
                fixed_from_moving: Affine::identity(),
                is_offset: false,
                is_joined: false,
            });
        }
        let mut ways = BTreeMap::from([(
            moving.to_owned(),
            Way {
                fixed_from_moving: Affine::identity(),
                is_offset: false,
                is_joined: true,
            },
        )]);
        for _ in 0..3 {
            for joint in joints.iter().filter(|joint| joint.origin != Origin::None) {
                let there = map(&joint.fixed_from_moving);
                let Ok(back) = there.inverse() else { continue };
                for (from, to, step) in [
                    (&joint.moving, &joint.fixed, there),
                    (&joint.fixed, &joint.moving, back),
                ] {
                    let Some(way) = ways.get(from).copied() else {
                        continue;
                    };
                    ways.entry(to.clone()).or_insert(Way {
                        fixed_from_moving: step * way.fixed_from_moving,
                        is_offset: way.is_offset || joint.origin == Origin::Offset,
                        is_joined: true,
                    });
                }
            }
        }
        ways.get(fixed).copied()
    }
}

/// A slice of interleaved series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turn {
    pub(super) layer: usize,
    /// Of that layer, from 0.
    pub(super) slice: usize,
    /// From the middle of the lowest layer along its normal.
    pub(super) along_mm: f64,
}

impl Stage {
    /// The slices of a view's series in the order of their places along the normal; at one place, lower layers first.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotJoined`] for spaces that nothing joins, [`Refusal::NotShown`] for slices that are not parallel.
    pub(super) fn turns(
        &self,
        joints: &[std::sync::Arc<Joint>],
        shown: &Shown,
    ) -> Result<Vec<Turn>, Refusal> {
        let base = self.facts(&shown.layers[0].series)?;
        let (normal, middle) = (shown.away(), base.grid.center());
        let mut turns = Vec::new();
        for (layer, view_layer) in shown.layers.iter().enumerate() {
            let facts = self.facts(&view_layer.series)?;
            let way = self.way(joints, &base.space(), &facts.space());
            let way = way.ok_or_else(|| Refusal::NotJoined(base.key.clone(), facts.key.clone()))?;
            let grid = &facts.grid;
            let across = grid.row_direction().cross(grid.column_direction());
            let across = (way.fixed_from_moving * across).normalized();
            if !across.is_some_and(|across| across.dot(normal).abs() > 0.999) {
                return Err(Refusal::NotShown {
                    what: "interleaving",
                    expected: "series of parallel slices",
                    found: "slices of another direction",
                });
            }
            let [columns, rows, slices] = grid.size().map(|side| side as f64 - 1.0);
            turns.extend((0..=slices as usize).map(|slice| {
                let place = grid.patient(Point::new(columns / 2.0, rows / 2.0, slice as f64));
                Turn {
                    layer,
                    slice,
                    along_mm: normal.dot(way.fixed_from_moving * place - middle),
                }
            }));
        }
        turns.sort_by(|a, b| a.along_mm.total_cmp(&b.along_mm).then(a.layer.cmp(&b.layer)));
        Ok(turns)
    }
}

/// How one space lies in another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Way {
    pub(super) fixed_from_moving: Affine<Patient, Patient>,
    /// An offset of the reader is among what joins them: enough to go together, not to be fused.
    pub(super) is_offset: bool,
    /// Not one frame of reference, but something that is to be told beside the picture.
    pub(super) is_joined: bool,
}
