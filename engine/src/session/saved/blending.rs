//! A view of two series as a blending presentation state (PS3.3 A.33.4), and back.

use crate::colormap::{ColorMap, palettes};
use crate::dicom::ObjectReference;
use crate::dicom::presentation_state::{BlendedImages, BlendingState, Content, Palette};
use crate::fusion::{overlay_color_map, single_color_map};
use crate::presentation::Size;
use crate::session::apply::shown;
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::saved::state;
use crate::session::state::{Kind, Shown, ViewLayer};
use crate::session::{SeriesFacts, Session};

const WHAT: &str = "a blending presentation state";
/// Palettes that DICOM knows by a UID (PS3.6 A.1, well-known colour palettes).
const KNOWN: [(&str, &str); 4] = [
    ("hot_iron", "1.2.840.10008.1.5.1"),
    ("pet", "1.2.840.10008.1.5.2"),
    ("hot_metal_blue", "1.2.840.10008.1.5.3"),
    ("pet_20_step", "1.2.840.10008.1.5.4"),
];
/// Steps of an opacity: what single precision adds is not meant.
const OPACITY_STEPS: f64 = 1e6;

impl Session {
    /// How a series lies over another in a picture of a size, with the marks on the slices of the one below; with what a
    /// state cannot hold.
    ///
    /// `registrations` are the objects that say how the two lie on each other, where they share no frame of reference.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotShown`] unless the view shows slices of the lower of two series, turned by quarters, and the objects
    /// of both are known.
    pub fn blending_state(
        &self,
        viewport: u32,
        size: Size,
        content: Content,
        registrations: Vec<ObjectReference>,
    ) -> Result<(BlendingState, Vec<String>), Refusal> {
        let shown = shown(&self.state, viewport, WHAT)?;
        let not = |expected, found| Refusal::NotShown {
            what: WHAT,
            expected,
            found,
        };
        let ([lower, upper], Kind::Stack | Kind::Plane) = (&shown.layers[..], &shown.kind) else {
            return Err(not("slices of two series", shown.kind.title()));
        };
        let [below, above] = [self.stage.facts(&lower.series)?, self.stage.facts(&upper.series)?];
        if [below, above]
            .iter()
            .any(|facts| facts.images.len() != facts.grid.size()[2])
        {
            return Err(not("series whose objects are known", "one without"));
        }
        let orientation = state::orientation(shown, &below.grid)
            .ok_or_else(|| not("slices of the lower series turned by quarters", "another plane"))?;
        let mut told = self.left_out(shown, below, above, &registrations);
        let (underlying, left_out) = self.blended(below, lower);
        told.extend(left_out);
        let (superimposed, left_out) = self.blended(above, upper);
        told.extend(left_out);
        let (annotations, left_out) = self.annotations_of(below);
        told.extend(left_out);
        let state = BlendingState {
            content,
            underlying,
            superimposed,
            opacity: upper.ratio as f32,
            palette: written_palette(upper)?,
            registrations,
            layout: state::layout(orientation, state::area(shown, below, size)?, annotations),
        };
        Ok((state, told))
    }

    fn blended(&self, facts: &SeriesFacts, layer: &ViewLayer) -> (BlendedImages, Option<String>) {
        let (modality, windows, told) = self.written_windows(facts, layer);
        let images = BlendedImages {
            images: facts.images.clone(),
            modality,
            windows,
        };
        (images, told)
    }

    /// What of a view the state does not say.
    fn left_out(
        &self,
        shown: &Shown,
        below: &SeriesFacts,
        above: &SeriesFacts,
        registrations: &[ObjectReference],
    ) -> Vec<String> {
        let lower = &shown.layers[0];
        let colors = match &lower.palette {
            Some(name) => ColorMap::named(name).ok(),
            None => Some(single_color_map(&below.unit)),
        };
        let colors = colors.map(|colors| {
            if lower.is_inverted {
                colors.inverted()
            } else {
                colors
            }
        });
        let space = (below.space(), above.space());
        let parts = [
            (
                colors != Some(ColorMap::gray()),
                "a blending state shows the lower series from black to white",
            ),
            (
                shown.slab.is_some(),
                "a blending state holds no slab; it shows single slices",
            ),
            (
                shown.comparing.is_some(),
                "a blending state holds no comparison; it shows the mix",
            ),
            (shown.sharpening > 0.0, "a blending state holds no sharpening"),
            (
                space.0 != space.1 && registrations.is_empty(),
                "the state names no registration of the two series, which share no frame of reference",
            ),
        ];
        let told = parts.into_iter().filter(|(is_so, _)| *is_so);
        told.map(|(_, text)| text.to_owned()).collect()
    }

    /// The commands that make a view look as a blending state says, in a picture of a size; with what is not followed.
    ///
    /// # Errors
    ///
    /// [`Refusal::OtherSeries`] when one of its two series is not open.
    pub fn commands_of_blending(
        &self,
        viewport: u32,
        size: Size,
        state: &BlendingState,
    ) -> Result<(Vec<Command>, Vec<String>), Refusal> {
        self.check_view(viewport)?;
        let sides = [&state.underlying, &state.superimposed];
        let [Some(below), Some(above)] = sides.map(|side| self.series_of(&side.images)) else {
            return Err(Refusal::OtherSeries(WHAT));
        };
        let mut told = Vec::new();
        let mut commands = vec![Command::Show {
            viewport,
            kind: Kind::Stack,
            series: vec![below.key.clone(), above.key.clone()],
            axis: None,
        }];
        for (layer, (facts, side)) in (0..).zip([(below, sides[0]), (above, sides[1])]) {
            let (window, left_out) = self.read_window(facts, side.modality.as_ref(), &side.windows);
            told.extend(left_out);
            commands.extend(window.map(|window| Command::SetWindow {
                viewport,
                layer,
                window: Some(window),
            }));
        }
        let palette = |layer, name: String| Command::SetPalette {
            viewport,
            layer,
            name,
        };
        commands.push(palette(0, "gray".to_owned()));
        match read_palette(&state.palette) {
            Some(name) => commands.push(palette(1, name)),
            None => {
                told.push("the state's palette is none that is known here; the usual one is used".to_owned())
            }
        }
        commands.push(Command::SetRatio {
            viewport,
            ratio: (f64::from(state.opacity) * OPACITY_STEPS).round() / OPACITY_STEPS,
        });
        let orientation = state.layout.orientation;
        commands.extend(state::turning(viewport, orientation));
        match state.layout.areas.first() {
            Some(area) => commands.extend(state::showing(viewport, area, orientation, &below.grid, size)?),
            None => told.push("the state names no displayed area".to_owned()),
        }
        commands.extend(state::drawings(
            viewport,
            &state.layout.annotations,
            below,
            &mut told,
        ));
        Ok((commands, told))
    }
}

/// The colours of the upper layer, of 16 bits.
fn written_palette(layer: &ViewLayer) -> Result<Palette, Refusal> {
    let colors = match &layer.palette {
        None => overlay_color_map(),
        Some(name) => ColorMap::named(name).map_err(|_| Refusal::Unknown {
            what: "palette",
            found: name.clone(),
        })?,
    };
    let colors = if layer.is_inverted {
        colors.inverted()
    } else {
        colors
    };
    let is_it = |(name, _): &&(&str, &str)| ColorMap::named(name).is_ok_and(|known| known == colors);
    Ok(Palette {
        colours: colors
            .colors()
            .iter()
            .map(|color| color.map(|level| u16::from(level) * 257))
            .collect(),
        uid: KNOWN.iter().find(is_it).map(|(_, uid)| (*uid).to_owned()),
    })
}

/// The name of the palette of a state: by its UID, else by its colours.
fn read_palette(palette: &Palette) -> Option<String> {
    let by_uid = KNOWN.iter().find(|(_, uid)| palette.uid.as_deref() == Some(uid));
    if let Some((name, _)) = by_uid.filter(|(name, _)| ColorMap::named(name).is_ok()) {
        return Some((*name).to_owned());
    }
    let level = |level: u16| (level >> 8) as u8;
    let colors: Vec<[u8; 3]> = palette.colours.iter().map(|color| color.map(level)).collect();
    let names =
        palettes().flat_map(|palette| [palette.name.to_owned(), format!("{}_inverted", palette.name)]);
    let mut names = names;
    names.find(|name| ColorMap::named(name).is_ok_and(|known| known.colors() == colors))
}
