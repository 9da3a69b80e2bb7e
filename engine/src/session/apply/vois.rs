//! Volumes of interest: made, painted, edited, deleted.

use std::sync::Arc;

use crate::geometry::{Affine, Patient};
use crate::lesion::{Options, detect};
use crate::session::apply::place::{finite_place, step_mm};
use crate::session::apply::show::named;
use crate::session::apply::{Work, at_most};
use crate::session::command::{Command, Spot};
use crate::session::error::{Refusal, within};
use crate::session::sight::{components, numbers, point};
use crate::session::state::{Level, Paint, Recipe, Voi};

/// Most volumes of interest of a session.
pub(super) const MAX_VOIS: usize = 2000;
/// Most strokes of one, and most places of a stroke.
const MAX_STROKES: usize = 4096;
/// Most runs of voxels of one.
const MAX_RUNS: usize = 1 << 20;
/// Colours of volumes of interest, in turn.
pub(super) const COLORS: [[u8; 3]; 8] = [
    [255, 87, 87],
    [80, 220, 110],
    [90, 160, 255],
    [255, 190, 60],
    [220, 110, 255],
    [70, 220, 220],
    [255, 130, 190],
    [190, 220, 80],
];

impl Work<'_> {
    pub(super) fn vois(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::AddVoi {
                viewport,
                layer,
                recipe,
                name,
            } => self.add_voi(*viewport, *layer, recipe, name)?,
            Command::EditVoi {
                voi,
                recipe,
                name,
                color,
            } => self.edit_voi(*voi, recipe.as_ref(), name.as_deref(), *color)?,
            Command::DetectLesions { viewport, layer } => self.detect(*viewport, *layer)?,
            Command::Brush {
                voi,
                viewport,
                path,
                radius_mm,
                erase,
                ball,
            } => self.brush(*voi, *viewport, path, *radius_mm, [*erase, *ball])?,
            Command::MoveVoi {
                voi,
                viewport,
                from,
                to,
            } => self.move_voi(*voi, *viewport, *from, *to)?,
            Command::SelectVoi { voi } => {
                self.state.selected_voi = None;
                if let Some(n) = voi {
                    self.voi(*n)?;
                    self.choose_voi(*n);
                }
            }
            Command::DeleteVoi { voi } => {
                self.voi(*voi)?;
                self.state.vois.remove(voi);
                self.state.selected_voi = self.state.selected_voi.filter(|chosen| chosen != voi);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn voi(&self, n: u64) -> Result<&Arc<Voi>, Refusal> {
        self.state.vois.get(&n).ok_or(Refusal::NoSuch {
            what: "volume of interest",
            found: n,
        })
    }

    fn add_voi(&mut self, viewport: u32, layer: u32, recipe: &Recipe, name: &str) -> Result<(), Refusal> {
        at_most("volumes of interest", MAX_VOIS, self.state.vois.len() + 1)?;
        let shown = self.shown(viewport, "a volume of interest")?.clone();
        let on = shown.layers.get(layer as usize).ok_or(Refusal::NoLayer {
            layers: shown.layers.len(),
            found: layer as usize,
        })?;
        let n = self.number();
        let count = self.state.vois.len();
        let voi = Voi {
            name: if name.trim().is_empty() {
                format!("VOI {n}")
            } else {
                named(name)?
            },
            series: on.series.clone(),
            phase: shown.phase,
            layers: shown.layers.iter().map(|layer| layer.series.clone()).collect(),
            recipe: checked(recipe)?,
            strokes: Vec::new(),
            color: COLORS[count % COLORS.len()],
        };
        self.keep(n, voi)?;
        self.choose_voi(n);
        Ok(())
    }

    /// Makes a volume of interest the chosen thing.
    fn choose_voi(&mut self, n: u64) {
        self.state.selected_voi = Some(n);
        self.state.selected_mark = None;
    }

    /// Keeps a volume of interest once its voxels can be found.
    pub(super) fn keep(&mut self, n: u64, voi: Voi) -> Result<(), Refusal> {
        let volume = self.stage.whole(&voi.series, voi.phase)?;
        let voi = Arc::new(voi);
        let (_, warnings) = self.vois.mask(&voi, &volume)?;
        self.state.vois.insert(n, voi);
        for warning in warnings {
            self.remark(warning);
        }
        Ok(())
    }

    /// Candidates that are no physiological uptake become volumes of interest, the hottest first.
    fn detect(&mut self, viewport: u32, layer: u32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "lesions")?.clone();
        let on = shown.layers.get(layer as usize).ok_or(Refusal::NoLayer {
            layers: shown.layers.len(),
            found: layer as usize,
        })?;
        let pet = self.stage.whole(&on.series, shown.phase)?;
        let space = self.stage.facts(&on.series)?.space();
        let is_ct = |key: &&String| {
            let facts = self.stage.facts(key);
            facts.is_ok_and(|facts| facts.modality() == "CT" && facts.space() == space)
        };
        let keys = shown.layers.iter().map(|layer| &layer.series);
        let ct = keys
            .clone()
            .find(is_ct)
            .map(|key| self.stage.whole(key, 0))
            .transpose()?;
        let found = detect(&pet, ct.as_ref(), None, &Options::default());
        let detection = found.map_err(|error| Refusal::Voi(error.to_string()))?;
        let layers: Vec<String> = keys.cloned().collect();
        let (mut lesions, all) = (0, detection.findings.len());
        for finding in detection
            .findings
            .iter()
            .filter(|finding| finding.physiological.is_none())
        {
            at_most("volumes of interest", MAX_VOIS, self.state.vois.len() + 1)?;
            lesions += 1;
            let n = self.number();
            let runs = finding
                .mask
                .runs()
                .iter()
                .map(|run| [run.start as u64, run.end as u64]);
            let voi = Voi {
                name: format!("L{lesions}"),
                series: on.series.clone(),
                phase: shown.phase,
                layers: layers.clone(),
                recipe: checked(&Recipe::Voxels { runs: runs.collect() })?,
                strokes: Vec::new(),
                color: COLORS[self.state.vois.len() % COLORS.len()],
            };
            self.keep(n, voi)?;
        }
        for warning in detection.warnings {
            self.remark(warning);
        }
        let physiological = all - lesions;
        self.remark(format!(
            "{lesions} lesions; {physiological} sites of uptake were taken for physiological"
        ));
        Ok(())
    }

    fn edit_voi(
        &mut self,
        n: u64,
        recipe: Option<&Recipe>,
        name: Option<&str>,
        color: Option<[u8; 3]>,
    ) -> Result<(), Refusal> {
        let mut voi = Voi::clone(self.voi(n)?);
        if let Some(recipe) = recipe {
            voi.recipe = checked(recipe)?;
        }
        if let Some(name) = name {
            voi.name = named(name)?;
        }
        voi.color = color.unwrap_or(voi.color);
        self.keep(n, voi)
    }

    fn brush(
        &mut self,
        n: u64,
        viewport: u32,
        path: &[Spot],
        radius_mm: f64,
        [erases, is_ball]: [bool; 2],
    ) -> Result<(), Refusal> {
        let mut voi = Voi::clone(self.voi(n)?);
        let radius_mm = within("the brush's radius", "0.1 to 500 mm", 0.1..=500.0, radius_mm)?;
        at_most("places of a stroke", MAX_STROKES, path.len())?;
        at_most("strokes", MAX_STROKES, voi.strokes.len() + 1)?;
        let shown = self.shown(viewport, "a brush")?.clone();
        if !shown.kind.is_plane() {
            return Err(Refusal::NotShown {
                what: "a brush",
                expected: "a plane",
                found: shown.kind.title(),
            });
        }
        let grid = self.stage.facts(&voi.series)?.grid.clone();
        let way = self.to_voi(viewport, &voi)?;
        let places = path
            .iter()
            .map(|spot| Ok(numbers(way * self.place_of(viewport, *spot)?)));
        let normal = way * shown.away();
        voi.strokes.push(Arc::new(Paint {
            path_mm: places.collect::<Result<_, Refusal>>()?,
            radius_mm,
            disc: (!is_ball).then(|| (components(normal), step_mm(&grid, normal))),
            erases,
        }));
        self.keep(n, voi)?;
        self.choose_voi(n);
        Ok(())
    }

    /// From the space of a view to that of a volume of interest.
    fn to_voi(&self, viewport: u32, voi: &Voi) -> Result<Affine<Patient, Patient>, Refusal> {
        let here = self.space(self.shown(viewport, "a volume of interest")?)?;
        let there = self.stage.facts(&voi.series)?.space();
        let way = self.stage.way(&self.state.joints, &there, &here);
        Ok(way.ok_or(Refusal::NotJoined(here, there))?.fixed_from_moving)
    }

    fn move_voi(&mut self, n: u64, viewport: u32, from: Spot, to: Spot) -> Result<(), Refusal> {
        let mut voi = Voi::clone(self.voi(n)?);
        let way = self.to_voi(viewport, &voi)?;
        let step = way * (self.place_of(viewport, to)? - self.place_of(viewport, from)?);
        let moved = |place: &mut [f64; 3]| -> Result<(), Refusal> {
            *place = numbers(point(*place) + step);
            finite_place(*place).map(|_| ())
        };
        match &mut voi.recipe {
            Recipe::Empty => {}
            Recipe::Sphere { center_mm, .. }
            | Recipe::Solid { center_mm, .. }
            | Recipe::ThresholdSphere { center_mm, .. } => moved(center_mm)?,
            Recipe::Grow { .. } | Recipe::Voxels { .. } | Recipe::OneClick { .. } => {
                let text = "a volume of interest that was found from values, or was read, cannot be moved";
                return Err(Refusal::Voi(text.to_owned()));
            }
        }
        for paint in &mut voi.strokes {
            Arc::make_mut(paint).path_mm.iter_mut().try_for_each(moved)?;
        }
        self.keep(n, voi)?;
        self.choose_voi(n);
        Ok(())
    }
}

/// Refuses numbers that make no volume, or a very long search.
pub(super) fn checked(recipe: &Recipe) -> Result<Recipe, Refusal> {
    let place = |at: &[f64; 3]| {
        let parts = at
            .iter()
            .map(|part| within("a place", "within 100 m", -1e5..=1e5, *part));
        parts.collect::<Result<Vec<_>, _>>()
    };
    let length = |what, mm: f64| within(what, "above 0, to 2000 mm", 1e-3..=2000.0, mm);
    match recipe {
        Recipe::Empty => {}
        Recipe::Sphere { center_mm, radius_mm } => {
            place(center_mm)?;
            length("the radius", *radius_mm)?;
        }
        Recipe::Solid {
            center_mm, size_mm, ..
        } => {
            place(center_mm)?;
            for side in size_mm {
                length("a side", *side)?;
            }
        }
        Recipe::ThresholdSphere {
            center_mm,
            radius_mm,
            level,
        } => {
            place(center_mm)?;
            length("the radius", *radius_mm)?;
            match level {
                Level::OfMax(part) => within("the part of the maximum", "0 to 1", 0.0..=1.0, *part)?,
                Level::Fixed(value) => within("the level", "a number", -1e12..=1e12, *value)?,
            };
        }
        Recipe::Voxels { runs } => at_most("runs of voxels", MAX_RUNS, runs.len())?,
        Recipe::Grow {
            seed_mm,
            at_least,
            most_ml,
        } => {
            place(seed_mm)?;
            within("the level", "a number", -1e12..=1e12, *at_least)?;
            within(
                "the largest volume",
                "above 0, to 1000000 mL",
                1e-3..=1e6,
                *most_ml,
            )?;
        }
        Recipe::OneClick { at_mm, most_ml } => {
            place(at_mm)?;
            within(
                "the largest volume",
                "above 0, to 2000 mL",
                1e-3..=2000.0,
                *most_ml,
            )?;
        }
    }
    Ok(recipe.clone())
}
