//! What was kept elsewhere comes back: key images, marks, volumes of interest and registrations of objects.

use std::sync::Arc;

use crate::session::apply::marks::{MAX_MARKS, check_count, short};
use crate::session::apply::place::finite_place;
use crate::session::apply::show::{MAX_KEY_IMAGES, named};
use crate::session::apply::vois::{COLORS, MAX_VOIS, checked};
use crate::session::apply::{Work, at_most};
use crate::session::command::Command;
use crate::session::error::{Refusal, within};
use crate::session::measure;
use crate::session::sight::map;
use crate::session::state::{KeyImage, Mark, Origin, Recipe, Voi};

/// How far the axes of a mark may be from directions at right angles.
const SAME_AXES: f64 = 1e-3;

impl Work<'_> {
    pub(super) fn restore(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::SetKeyImages { images } => self.set_key_images(images)?,
            Command::RestoreMark { .. } => self.restore_mark(command)?,
            Command::RestoreVoi {
                series,
                layers,
                recipe,
                name,
                color,
            } => self.restore_voi(series, layers, recipe, name, *color)?,
            Command::RestoreJoint {
                moving,
                fixed,
                fixed_from_moving,
                to_check,
            } => self.restore_joint(moving, fixed, fixed_from_moving, to_check)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_key_images(&mut self, images: &[KeyImage]) -> Result<(), Refusal> {
        at_most("key images", MAX_KEY_IMAGES, images.len())?;
        for image in images {
            let facts = self.stage.facts(&image.series)?;
            let (slices, phases) = (facts.grid.size()[2], facts.phases.max(1));
            for (what, found, count) in [("slice", image.slice, slices), ("phase", image.phase, phases)] {
                if found as usize >= count {
                    return Err(Refusal::NoSuch {
                        what,
                        found: u64::from(found),
                    });
                }
            }
        }
        self.state.key_images = images.to_vec();
        Ok(())
    }

    /// The layers that are measured: known series, the series itself if none are said.
    fn layers_of(&self, series: &str, layers: &[String]) -> Result<Vec<String>, Refusal> {
        self.stage.facts(series)?;
        at_most("series of a view", crate::render::MAX_LAYERS, layers.len())?;
        for key in layers {
            self.stage.facts(key)?;
        }
        if layers.is_empty() {
            return Ok(vec![series.to_owned()]);
        }
        Ok(layers.to_vec())
    }

    fn restore_mark(&mut self, command: &Command) -> Result<(), Refusal> {
        let Command::RestoreMark {
            series,
            layers,
            kind,
            points_mm,
            axes,
            is_in_space,
            text,
            color,
        } = command
        else {
            return Ok(());
        };
        at_most("marks", MAX_MARKS, self.state.marks.len() + 1)?;
        check_count(*kind, points_mm.len())?;
        for place in points_mm {
            finite_place(*place)?;
        }
        check_axes(axes)?;
        let mark = Mark {
            kind: *kind,
            space: self.stage.facts(series)?.space(),
            series: series.clone(),
            layers: self.layers_of(series, layers)?,
            phase: 0,
            points_mm: points_mm.clone(),
            axes: *axes,
            is_in_space: *is_in_space,
            text: short(text)?,
            color: color.unwrap_or(self.state.color),
            by: self.by,
        };
        measure::check(&mark)?;
        let n = self.number();
        self.state.marks.insert(n, Arc::new(mark));
        Ok(())
    }

    fn restore_voi(
        &mut self,
        series: &str,
        layers: &[String],
        recipe: &Recipe,
        name: &str,
        color: Option<[u8; 3]>,
    ) -> Result<(), Refusal> {
        let count = self.state.vois.len();
        at_most("volumes of interest", MAX_VOIS, count + 1)?;
        let voi = Voi {
            name: named(name)?,
            series: series.to_owned(),
            phase: 0,
            layers: self.layers_of(series, layers)?,
            recipe: checked(recipe)?,
            strokes: Vec::new(),
            color: color.unwrap_or(COLORS[count % COLORS.len()]),
        };
        let n = self.number();
        self.keep(n, voi)
    }

    fn restore_joint(
        &mut self,
        moving: &str,
        fixed: &str,
        fixed_from_moving: &[[f64; 4]; 3],
        to_check: &[String],
    ) -> Result<(), Refusal> {
        for row in fixed_from_moving {
            for part in &row[..3] {
                within("a part of a map", "-100 to 100", -100.0..=100.0, *part)?;
            }
            within("a map's step", "within 100 m", -1e5..=1e5, row[3])?;
        }
        at_most("reasons", 64, to_check.len())?;
        for reason in to_check {
            short(reason)?;
        }
        map(fixed_from_moving)
            .inverse()
            .map_err(|_| Refusal::NotJoined(moving.to_owned(), fixed.to_owned()))?;
        let joint = self.joint_mut(moving, fixed)?;
        joint.fixed_from_moving = *fixed_from_moving;
        joint.origin = if to_check.is_empty() {
            Origin::Object
        } else {
            Origin::SearchToCheck(to_check.to_vec())
        };
        if !to_check.is_empty() {
            self.remark(format!("look at the registration: {}", to_check.join("; ")));
        }
        Ok(())
    }
}

/// Refuses directions that are not of length 1 and at right angles.
fn check_axes(axes: &[[f64; 3]; 3]) -> Result<(), Refusal> {
    let dot = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for (n, axis) in axes.iter().enumerate() {
        let length = 1.0 - SAME_AXES..=1.0 + SAME_AXES;
        within("the length of a mark's axis", "1", length, dot(axis, axis).sqrt())?;
        let angle = -SAME_AXES..=SAME_AXES;
        within(
            "the angle of a mark's axes",
            "a right one",
            angle,
            dot(axis, &axes[(n + 1) % 3]),
        )?;
    }
    Ok(())
}
