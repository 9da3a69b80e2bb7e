//! Windows of shown values as those of a state, and back.
//!
//! A state says by itself how stored values become real ones, once for all its images (PS3.3 C.11.1): what the images
//! say does not count. Images of one slope have it in the state; those of a slope each, as PET has, get a window each,
//! of stored values.

use crate::colormap::{Window, WindowFunction};
use crate::dicom::presentation_state::{Modality, PresentationState, Shutter, SoftcopyWindow};
use crate::dicom::read::planar::{Curve, StatedWindow};
use crate::fusion::window_for;
use crate::session::error::Refusal;
use crate::session::state::{Shown, ViewLayer, ViewTable, ViewWindow};
use crate::session::{SeriesFacts, Session};
use crate::volume::{Rescale, Unit};

use super::is_same;

/// Parts of a window by which two may differ and be one.
const SAME: f64 = 1e-6;

type Written = (Option<Modality>, Vec<SoftcopyWindow>, Option<String>);

impl Session {
    /// The window of a layer for all slices of its series.
    pub(super) fn written_windows(&self, facts: &SeriesFacts, layer: &ViewLayer) -> Written {
        let usual = || {
            let volume = self.stage.whole(&facts.key, 0).ok()?;
            Some(window_for(&volume))
        };
        let stated = layer.window.map(Window::from).or(facts.window);
        let Some(window) = stated.or_else(usual) else {
            let text = "the voxels have not come: the state holds no window".to_owned();
            return (None, Vec::new(), Some(text));
        };
        let rescales = self.stage.rescales(&facts.key);
        let modality = |rescale: Rescale| Modality::Rescale {
            slope: rescale.slope,
            intercept: rescale.intercept,
            kind: if facts.unit == Unit::Hounsfield {
                "HU"
            } else {
                "US"
            }
            .to_owned(),
        };
        if rescales.len() != facts.images.len() {
            let text = format!(
                "what makes stored values into those shown is not known of {:?}: the state holds no window",
                facts.key
            );
            return (None, Vec::new(), Some(text));
        }
        if rescales.iter().all(|rescale| *rescale == rescales[0]) {
            return (
                Some(modality(rescales[0])),
                vec![softcopy(window, Vec::new())],
                None,
            );
        }
        let of_image = |(rescale, image): (&Rescale, &crate::dicom::ImageReference)| {
            let window = mapped(window, rescale.slope.recip(), -rescale.intercept / rescale.slope);
            softcopy(window, vec![image.clone()])
        };
        let windows = rescales.iter().zip(&facts.images).map(of_image);
        (Some(modality(Rescale::IDENTITY)), windows.collect(), None)
    }

    /// The window of a series in a state, of the values that are shown; with what is not followed.
    pub(super) fn read_window(
        &self,
        facts: &SeriesFacts,
        modality: Option<&Modality>,
        windows: &[SoftcopyWindow],
    ) -> (Option<ViewWindow>, Vec<String>) {
        let mut told = Vec::new();
        let own = match modality {
            None => Rescale::IDENTITY,
            Some(Modality::Rescale { slope, intercept, .. }) => Rescale {
                slope: *slope,
                intercept: *intercept,
            },
            Some(Modality::Table { .. }) => {
                told.push("the state's table of real values is not followed, nor its window".to_owned());
                return (None, told);
            }
        };
        let rescales = self.stage.rescales(&facts.key);
        let mut found: Vec<Window> = Vec::new();
        for softcopy in windows {
            let Curve::Window(window) = softcopy.view.curve else {
                if facts.planar.is_none() {
                    told.push("the state's lookup table is not followed".to_owned());
                }
                continue;
            };
            let is_of = |known: &crate::dicom::ImageReference| {
                softcopy.images.is_empty() || softcopy.images.iter().any(|image| is_same(known, image))
            };
            let Some(slice) = facts.images.iter().position(is_of) else {
                continue;
            };
            let Some(shown) = rescales.get(slice).filter(|_| own.slope != 0.0) else {
                let text = "what makes stored values into those shown is not known: the state's window is not followed";
                told.push(text.to_owned());
                break;
            };
            let slope = shown.slope / own.slope;
            let window = mapped(window, slope, shown.intercept - slope * own.intercept);
            if !found.iter().any(|known| is_near(*known, window)) {
                found.push(window);
            }
        }
        if found.len() > 1 {
            told.push(format!(
                "of {} windows for single images the first is used",
                found.len()
            ));
        }
        let sound = found
            .first()
            .filter(|window| window.is_valid() && window.width > 0.0);
        (sound.map(|window| ViewWindow::from(*window)), told)
    }
}

impl Session {
    /// How a stack of images without a volume is shown, for all of them.
    pub(super) fn planar_windows(&self, facts: &SeriesFacts, shown: &Shown) -> Result<Written, Refusal> {
        let waiting = || Refusal::Waiting(facts.key.clone());
        let sheet = self
            .stage
            .sheet(&facts.key, shown.slice(&facts.grid))?
            .ok_or_else(waiting)?;
        let layer = &shown.layers[0];
        let rescales = self.stage.rescales(&facts.key);
        let Some(first) = rescales
            .first()
            .filter(|first| rescales.iter().all(|rescale| rescale == *first))
        else {
            let text = "what makes stored values into those shown differs or is not known: the state holds no window";
            return Ok((None, Vec::new(), Some(text.to_owned())));
        };
        let is_own = layer.window.is_none() && layer.table.is_none() && facts.images.len() > 1;
        let told = is_own.then(|| "the state's window is that of the image that is shown".to_owned());
        let modality = (*first != Rescale::IDENTITY).then(|| Modality::Rescale {
            slope: first.slope,
            intercept: first.intercept,
            kind: "US".to_owned(),
        });
        let view = StatedWindow {
            explanation: None,
            curve: layer.curve(&sheet),
        };
        let images = Vec::new();
        Ok((modality, vec![SoftcopyWindow { images, view }], told))
    }

    /// The table of a state, of images without a volume.
    pub(super) fn read_table(&self, facts: &SeriesFacts, state: &PresentationState) -> Option<ViewTable> {
        facts.planar.as_ref().filter(|planar| !planar.is_colour)?;
        let own = match &state.modality {
            None => Rescale::IDENTITY,
            Some(Modality::Rescale { slope, intercept, .. }) => Rescale {
                slope: *slope,
                intercept: *intercept,
            },
            Some(Modality::Table { .. }) => return None,
        };
        let rescales = self.stage.rescales(&facts.key);
        if rescales.is_empty() || rescales.iter().any(|rescale| *rescale != own) {
            return None;
        }
        state
            .windows
            .iter()
            .find_map(|softcopy| match &softcopy.view.curve {
                Curve::Table(table) => Some(ViewTable {
                    first: table.first(),
                    bits: table.bits(),
                    entries: table.entries().to_vec(),
                }),
                Curve::Window(_) => None,
            })
    }

    /// What is covered of a stack: by the reader, else by the image's maker.
    pub(super) fn shutter_of(&self, facts: &SeriesFacts, shown: &Shown) -> Result<Option<Shutter>, Refusal> {
        let own = || -> Result<Option<Shutter>, Refusal> {
            if facts.planar.is_none() {
                return Ok(None);
            }
            let sheet = self.stage.sheet(&facts.key, shown.slice(&facts.grid))?;
            Ok(sheet.and_then(|sheet| sheet.image.shutter.clone()))
        };
        let shutter = match &shown.shutter {
            Some(shutter) => Some(shutter.shutter()),
            None => own()?,
        };
        // Images need not say what covers: black.
        let shutter = shutter.map(|shutter| Shutter {
            grey: shutter.grey.or(Some(0)),
            ..shutter
        });
        Ok(shutter.filter(|shutter| !shutter.shapes.is_empty()))
    }
}

fn softcopy(window: Window, images: Vec<crate::dicom::ImageReference>) -> SoftcopyWindow {
    SoftcopyWindow {
        images,
        view: StatedWindow {
            explanation: None,
            curve: Curve::Window(window),
        },
    }
}

/// The window that shows `slope` x + `intercept` as the given one shows x.
fn mapped(window: Window, slope: f64, intercept: f64) -> Window {
    if slope == 1.0 && intercept == 0.0 {
        return window;
    }
    // DICOM's default counts whole numbers, and has no meaning for others (PS3.3 C.11.2.1.2).
    let exact = match window.function {
        WindowFunction::Linear => Window {
            center: window.center - 0.5,
            width: window.width - 1.0,
            function: WindowFunction::LinearExact,
        },
        _ => window,
    };
    Window {
        center: slope * exact.center + intercept,
        width: slope.abs() * exact.width,
        ..exact
    }
}

fn is_near(a: Window, b: Window) -> bool {
    let most = SAME * a.width.abs().max(b.width.abs());
    a.function == b.function && (a.center - b.center).abs() <= most && (a.width - b.width).abs() <= most
}
