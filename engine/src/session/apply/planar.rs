//! What is set of images without a volume: their makers' views, tables, shutters, the length of a pixel.

use std::sync::Arc;

use crate::colormap::Window;
use crate::dicom::presentation_state::{Shutter, ShutterShape};
use crate::dicom::read::planar::{Curve, Table};
use crate::session::apply::{Work, at_most};
use crate::session::command::Command;
use crate::session::error::{Refusal, within};
use crate::session::sheet::Sheet;
use crate::session::sight::point;
use crate::session::state::{Shown, ViewLayer, ViewShutter, ViewTable};

/// Most corners of a shutter.
const MAX_CORNERS: usize = 10_000;

impl Work<'_> {
    pub(super) fn planar(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::UseStatedWindow {
                viewport,
                layer,
                index,
            } => self.use_stated(*viewport, *layer, *index)?,
            Command::SetTable {
                viewport,
                layer,
                table,
            } => self.set_table(*viewport, *layer, table.as_ref())?,
            Command::SetShutter { viewport, shutter } => self.set_shutter(*viewport, shutter.as_ref())?,
            Command::Calibrate { mark, length_mm } => self.calibrate(*mark, *length_mm)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A pixel's width from a line of known length.
    fn calibrate(&mut self, mark: u64, length_mm: Option<f64>) -> Result<(), Refusal> {
        let mark = self.state.marks.get(&mark).ok_or(Refusal::NoSuch {
            what: "mark",
            found: mark,
        })?;
        let facts = self.stage.images_of(&mark.space);
        let facts = facts.ok_or_else(|| not_planar("a calibration"))?;
        let key = facts.key.clone();
        let Some(length_mm) = length_mm else {
            self.state.calibrations.remove(&key);
            return Ok(());
        };
        let length_mm = within("the length", "0.001 to 100000 mm", 1e-3..=1e5, length_mm)?;
        let [a, b] = mark.points_mm.as_slice() else {
            return Err(Refusal::Count {
                what: "points of the line",
                expected: "2".to_owned(),
                found: mark.points_mm.len(),
            });
        };
        let pixels = point(*a).distance(point(*b)) / facts.grid.spacing_mm()[0];
        let pixels = within("the line", "0.001 pixels or longer", 1e-3..=1e9, pixels)?;
        self.state.calibrations.insert(key, length_mm / pixels);
        Ok(())
    }

    fn use_stated(&mut self, viewport: u32, layer: u32, index: u32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a window")?;
        let key = planar_layer(shown, layer)?.series.clone();
        let facts = self.stage.facts(&key)?;
        if facts.planar.is_none() {
            return Err(not_planar("a view that the maker offers"));
        }
        let sheet = self.stage.sheet(&key, shown.slice(&facts.grid))?;
        let sheet = sheet.ok_or(Refusal::Waiting(key))?;
        let offered = sheet.image.planar.windows().len();
        if index as usize >= offered {
            return Err(Refusal::Count {
                what: "as the view that the maker offers, from 0",
                expected: format!("below {offered}"),
                found: index as usize,
            });
        }
        let layer = self.layer_mut(viewport, layer, "a window")?;
        layer.set_window(None);
        layer.stated = index;
        Ok(())
    }

    fn set_table(&mut self, viewport: u32, layer: u32, table: Option<&ViewTable>) -> Result<(), Refusal> {
        if let Some(table) = table {
            table.table().ok_or_else(|| Refusal::Malformed {
                expected: "a table of 1 to 65536 entries of 8 to 16 bits".to_owned(),
                found: format!("{} entries of {} bits", table.entries.len(), table.bits),
            })?;
        }
        let shown = self.shown(viewport, "a table")?;
        let facts = self.stage.facts(&planar_layer(shown, layer)?.series)?;
        if facts.planar.as_ref().is_none_or(|planar| planar.is_colour) {
            return Err(not_planar("a table"));
        }
        let layer = self.layer_mut(viewport, layer, "a table")?;
        if table.is_some() {
            layer.set_window(None);
        }
        layer.table = table.map(|table| Arc::new(table.clone()));
        Ok(())
    }

    fn set_shutter(&mut self, viewport: u32, shutter: Option<&ViewShutter>) -> Result<(), Refusal> {
        if let Some(corners) = shutter.and_then(|shutter| shutter.polygon.as_ref()) {
            at_most("corners of a shutter", MAX_CORNERS, corners.len())?;
        }
        let shown = self.shown_mut(viewport, "a shutter")?;
        if !shown.is_by_slices() {
            return Err(Refusal::NotShown {
                what: "a shutter",
                expected: "a stack or tiles",
                found: shown.kind.title(),
            });
        }
        shown.shutter = shutter.map(|shutter| Arc::new(shutter.clone()));
        Ok(())
    }
}

fn planar_layer(shown: &Shown, layer: u32) -> Result<&ViewLayer, Refusal> {
    shown.layers.get(layer as usize).ok_or(Refusal::NoLayer {
        layers: shown.layers.len(),
        found: layer as usize,
    })
}

fn not_planar(what: &'static str) -> Refusal {
    Refusal::NotShown {
        what,
        expected: "grey images without a volume",
        found: "others",
    }
}

impl ViewLayer {
    /// How real values of an image become grey: by the reader's window or table, else as its maker offers.
    pub(in crate::session) fn curve(&self, sheet: &Sheet) -> Curve {
        if let Some(window) = self.window {
            return Curve::Window(window.into());
        }
        if let Some(table) = self.table.as_ref().and_then(|table| table.table()) {
            return Curve::Table(table);
        }
        let planar = &sheet.image.planar;
        let of_max = || {
            let [low, high] = self.percent_of_max?;
            let (_, max) = planar.value_range()?;
            let window = Window::between(low / 100.0 * max, high / 100.0 * max);
            (window.is_valid() && window.width > 0.0).then_some(Curve::Window(window))
        };
        if let Some(curve) = of_max() {
            return curve;
        }
        let stated = planar.windows().get(self.stated as usize);
        stated.map_or_else(|| planar.default_curve(), |stated| stated.curve.clone())
    }
}

impl ViewTable {
    /// As a table that can be used; none for one that no object can hold.
    pub(in crate::session) fn table(&self) -> Option<Table> {
        Table::new(self.first, self.bits, self.entries.clone())
    }
}

impl ViewShutter {
    /// As DICOM's.
    pub(in crate::session) fn shutter(&self) -> Shutter {
        let rectangle = self
            .rectangle
            .map(|[left, right, upper, lower]| ShutterShape::Rectangular {
                left,
                right,
                upper,
                lower,
            });
        let circle = self.circle.map(|[column, row, radius]| ShutterShape::Circular {
            center: [column, row],
            radius,
        });
        let polygon = self.polygon.clone().map(ShutterShape::Polygonal);
        Shutter {
            shapes: [rectangle, circle, polygon].into_iter().flatten().collect(),
            grey: Some(self.grey),
            colour: None,
        }
    }
}

impl From<&Shutter> for ViewShutter {
    fn from(shutter: &Shutter) -> Self {
        let mut found = Self {
            grey: shutter.grey.unwrap_or(0),
            ..Self::default()
        };
        for shape in &shutter.shapes {
            match shape {
                ShutterShape::Rectangular {
                    left,
                    right,
                    upper,
                    lower,
                } => found.rectangle = Some([*left, *right, *upper, *lower]),
                ShutterShape::Circular { center, radius } => {
                    found.circle = Some([center[0], center[1], *radius]);
                }
                ShutterShape::Polygonal(corners) => found.polygon = Some(corners.clone()),
            }
        }
        found
    }
}
