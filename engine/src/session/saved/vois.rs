//! Volumes of interest as segments and contours, and back as voxels of a series.

use std::sync::Arc;

use crate::dicom::read::rtstruct;
use crate::dicom::read::seg;
use crate::dicom::write::{Algorithm, Roi, Segment, SourceImages};
use crate::dicom::{Code, concepts};
use crate::geometry::{Grid, Point};
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::saved::source_images;
use crate::session::state::{Recipe, Voi};
use crate::session::{SeriesFacts, Session};
use crate::voi::Mask;

/// Most characters of a Segment Label or ROI Name.
const MAX_NAME: usize = 64;
/// How far voxels of two grids may lie apart to be the same, in voxels.
const SAME_VOXEL: f64 = 0.01;

/// The volumes of interest of one series, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedVois {
    /// The images of the series.
    pub images: SourceImages,
    /// The volumes, by their numbers.
    pub vois: Vec<SavedVoi>,
}

/// A volume of interest with its voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedVoi {
    /// Its name, at most 64 characters on one line.
    pub name: String,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Whether voxels were found by a rule and not drawn.
    pub is_found: bool,
    /// Its voxels.
    pub mask: Arc<Mask>,
}

impl SavedVois {
    /// Segments for [`crate::dicom::write::segmentation_of_masks`]; they may overlap.
    #[must_use]
    pub fn segments(&self) -> Vec<(Segment, &Mask)> {
        let segment = |voi: &SavedVoi| Segment {
            label: voi.name.clone(),
            colour: Some(voi.color),
            ..described(&voi.name, voi.is_found)
        };
        self.vois.iter().map(|voi| (segment(voi), &*voi.mask)).collect()
    }

    /// Regions for [`crate::dicom::write::structure_set`].
    #[must_use]
    pub fn rois(&self) -> Vec<Roi> {
        let roi = |voi: &SavedVoi| {
            let kind = if is_site(&voi.name) { "ORGAN" } else { "" };
            Roi::of_contours(&*voi.name, kind, voi.color, &voi.mask.contours(), &self.images)
        };
        self.vois.iter().map(roi).collect()
    }
}

fn is_site(name: &str) -> bool {
    concepts::site(name).is_some()
}

/// What a segment is, as far as its name says it; no more is known than that it is tissue.
fn described(name: &str, is_found: bool) -> Segment {
    const TISSUE: Code = Code::new("85756007", "SCT", "Tissue");
    let site = concepts::site(name);
    let category = if site.is_some() {
        concepts::ANATOMICAL_STRUCTURE
    } else {
        TISSUE
    };
    Segment {
        label: String::new(),
        category,
        kind: site.map_or(TISSUE, |(code, _)| code),
        region: None,
        algorithm: is_found.then(|| Algorithm {
            name: "Uptake volume of interest".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            family: Code::new("123101", "DCM", "Neighborhood Analysis"),
            with_a_person: true,
        }),
        colour: None,
        tracking: None,
    }
}

impl Session {
    /// The volumes of interest of a series with their voxels; with those that objects cannot hold.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotSaved`] when there are none with voxels, or the objects of the series are not known; [`Refusal`]
    /// when its voxels have not come.
    pub fn saved_vois(&mut self, series: &str) -> Result<(SavedVois, Vec<String>), Refusal> {
        const WHAT: &str = "an object of volumes of interest";
        let images = source_images(self.stage.facts(series)?, WHAT)?;
        let state = self.state.clone();
        let (mut vois, mut told) = (Vec::new(), Vec::new());
        for voi in state.vois.values().filter(|voi| voi.series == series) {
            if voi.phase != 0 {
                told.push(format!(
                    "{:?} lies on phase {}, whose objects are not known, and is left out",
                    voi.name,
                    voi.phase + 1
                ));
                continue;
            }
            let volume = self.stage.whole(series, voi.phase)?;
            let (mask, warnings) = self.vois.mask(voi, &volume)?;
            told.extend(warnings.into_iter().map(|text| format!("{}: {text}", voi.name)));
            if mask.is_empty() {
                told.push(format!("{:?} holds no voxel and is left out", voi.name));
                continue;
            }
            let name = written_name(&voi.name);
            if name != voi.name {
                told.push(format!("{:?} is called {name:?} in the object", voi.name));
            }
            vois.push(SavedVoi {
                name,
                color: voi.color,
                is_found: is_found(voi),
                mask,
            });
        }
        if vois.is_empty() {
            return Err(Refusal::NotSaved {
                what: WHAT,
                reason: format!("series {series:?} has no volume of interest with voxels"),
            });
        }
        Ok((SavedVois { images, vois }, told))
    }

    /// The commands that bring segments onto a series, measured on all series of a view that shows it; with what is not
    /// followed.
    ///
    /// A segment on another grid of the same frame of reference is carried over: voxels of the series belong whose
    /// centres lie in it.
    ///
    /// # Errors
    ///
    /// [`Refusal::OtherSeries`] when no series that is open shares the frame of reference; [`Refusal::NotShown`] for a
    /// segmentation without segments, or not in patient space.
    pub fn commands_of_segmentation(
        &self,
        viewport: u32,
        segmentation: &seg::Segmentation,
    ) -> Result<(Vec<Command>, Vec<String>), Refusal> {
        const WHAT: &str = "a segmentation";
        if segmentation.space != seg::SegmentationSpace::Patient {
            return Err(Refusal::NotShown {
                what: WHAT,
                expected: "one in patient space",
                found: "one of a slide or of images without a place",
            });
        }
        let Some(grid) = segmentation
            .segments
            .first()
            .map(|segment| segment.mask.grid().clone())
        else {
            return Err(Refusal::NotShown {
                what: WHAT,
                expected: "segments",
                found: "none",
            });
        };
        let uid = segmentation.frame_of_reference_uid.as_deref();
        let facts = self
            .suiting(viewport, uid, &segmentation.referenced_series_uids, Some(&grid))
            .ok_or(Refusal::OtherSeries(WHAT))?;
        let (mut commands, mut told) = (Vec::new(), Vec::new());
        for segment in &segmentation.segments {
            let name = read_name(&segment.label, "segment", i64::from(segment.number));
            let mask = segment.mask.carry_to(facts.grid.clone());
            if !is_aligned(&grid, &facts.grid) || mask.count() != segment.mask.count() {
                told.push(format!(
                    "{name:?} was drawn on another grid: {:.2} mL there, {:.2} mL on the series",
                    segment.mask.volume_ml(),
                    mask.volume_ml()
                ));
            }
            self.bring(
                viewport,
                facts,
                (name, segment.colour),
                &mask,
                &mut commands,
                &mut told,
            );
        }
        Ok((commands, told))
    }

    /// The commands that bring contours onto a series, measured on all series of a view that shows it: the voxels whose
    /// centres lie inside; with what is not followed.
    ///
    /// # Errors
    ///
    /// [`Refusal::OtherSeries`] when no series that is open shares a frame of reference with it.
    pub fn commands_of_structure_set(
        &self,
        viewport: u32,
        set: &rtstruct::StructureSet,
    ) -> Result<(Vec<Command>, Vec<String>), Refusal> {
        let (mut commands, mut told) = (Vec::new(), Vec::new());
        let mut is_any_known = false;
        for roi in &set.rois {
            let name = read_name(&roi.name, "region", roi.number);
            let uid = roi.frame_of_reference_uid.as_deref();
            let Some(facts) = self.suiting(viewport, uid, &set.referenced_series_uids, None) else {
                told.push(format!(
                    "{name:?} lies in a frame of reference of no series that is open"
                ));
                continue;
            };
            is_any_known = true;
            let (mask, warnings) = roi.contours.rasterise(facts.grid.clone());
            told.extend(warnings.iter().map(|warning| format!("{name}: {warning}")));
            self.bring(
                viewport,
                facts,
                (name, roi.colour),
                &mask,
                &mut commands,
                &mut told,
            );
        }
        if !is_any_known {
            return Err(Refusal::OtherSeries("a structure set"));
        }
        Ok((commands, told))
    }

    fn bring(
        &self,
        viewport: u32,
        facts: &SeriesFacts,
        (name, color): (String, Option<[u8; 3]>),
        mask: &Mask,
        commands: &mut Vec<Command>,
        told: &mut Vec<String>,
    ) {
        if mask.is_empty() {
            told.push(format!("{name:?} holds no voxel of the series and is left out"));
            return;
        }
        let runs = mask.runs().iter().map(|run| [run.start as u64, run.end as u64]);
        commands.push(Command::RestoreVoi {
            series: facts.key.clone(),
            layers: self.layers_with(viewport, &facts.key),
            recipe: Recipe::Voxels { runs: runs.collect() },
            name,
            color,
        });
    }

    /// The series that regions belong to: one that the object names, else one of the frame of reference; of those one
    /// whose voxels are the object's, else one that the view shows, else the first.
    fn suiting(
        &self,
        viewport: u32,
        frame_of_reference_uid: Option<&str>,
        named: &[String],
        grid: Option<&Grid>,
    ) -> Option<&SeriesFacts> {
        let is_named = |facts: &SeriesFacts| {
            let own = facts.images.first();
            own.is_some_and(|image| named.contains(&image.reference.series_instance_uid))
        };
        let lies_there = |facts: &SeriesFacts| {
            let own = facts.hanging.frame_of_reference_uid.as_deref();
            match (own, frame_of_reference_uid) {
                (Some(own), Some(uid)) => own == uid,
                // Nothing but the reference says that they belong together.
                _ => is_named(facts),
            }
        };
        let shown = self.state.desk.viewports.get(&viewport);
        let shown = shown.and_then(|view| view.shown.as_ref());
        let is_shown = |facts: &SeriesFacts| {
            shown.is_some_and(|shown| shown.layers.iter().any(|layer| layer.series == facts.key))
        };
        let rank = |facts: &&SeriesFacts| {
            let is_its_own = grid.is_some_and(|grid| is_aligned(grid, &facts.grid));
            (!is_named(facts), !is_its_own, !is_shown(facts))
        };
        let there = self.series().iter().filter(|facts| lies_there(facts));
        there.min_by_key(rank)
    }
}

/// Whether the voxels of a grid are voxels of another.
fn is_aligned(part: &Grid, whole: &Grid) -> bool {
    let [columns, rows, slices] = part.size().map(|side| side.saturating_sub(1) as f64);
    let corners = [
        [0.0, 0.0, 0.0],
        [columns, 0.0, 0.0],
        [0.0, rows, 0.0],
        [columns, rows, slices],
    ];
    let at = |corner: [f64; 3]| whole.voxel(part.patient(Point::from(corner)));
    let first = at(corners[0]);
    corners.into_iter().all(|corner| {
        let found = at(corner);
        // Slices of the part may leave some of the whole out; columns and rows may not.
        let is_whole = (0..3).all(|axis| (found[axis] - found[axis].round()).abs() < SAME_VOXEL);
        is_whole && (0..2).all(|axis| (found[axis] - first[axis] - corner[axis]).abs() < SAME_VOXEL)
    })
}

/// Whether a rule found the voxels, with a person who clicked.
fn is_found(voi: &Voi) -> bool {
    !matches!(
        voi.recipe,
        Recipe::Empty | Recipe::Sphere { .. } | Recipe::Solid { .. }
    )
}

/// A name that an object can hold.
fn written_name(name: &str) -> String {
    let plain = name
        .chars()
        .map(|c| if c == '\\' || c.is_control() { '/' } else { c });
    plain.take(MAX_NAME).collect::<String>().trim().to_owned()
}

fn read_name(name: &str, what: &str, number: i64) -> String {
    let name: String = name.trim().chars().take(128).collect();
    if name.is_empty() {
        format!("{what} {number}")
    } else {
        name
    }
}
