//! Answers to an element's questions.

use std::sync::OnceLock;

use engine::colormap::ColorMap;
use engine::presentation::hanging::looks;
use engine::render::presets;
use engine::session::{Readout, Session};
use serde_json::{Value, json};

use crate::arrivals::Arrivals;
use crate::message::Question;

/// Colours that a palette is shown with.
const SWATCHES: usize = 32;
/// Largest side of a thumbnail.
const MAX_THUMBNAIL: u32 = 512;

/// The answer to a question, or why there is none.
pub fn answer(session: &mut Session, arrivals: &Arrivals, question: &Question) -> Result<Value, String> {
    let refused = |refusal: engine::session::Refusal| refusal.to_string();
    Ok(match question {
        Question::Controls { viewport } => said(&session.controls(*viewport).map_err(refused)?),
        Question::Hit {
            viewport,
            at,
            reach_pixels,
        } => said(&session.hit(*viewport, *at, *reach_pixels).map_err(refused)?),
        Question::Probe { viewport, at } => said(&session.probe(*viewport, *at).map_err(refused)?),
        Question::Livewire { viewport, from, to } => {
            said(&session.livewire(*viewport, *from, *to).map_err(refused)?)
        }
        Question::Marks => marks(session),
        Question::Vois => vois(session),
        Question::KeyImages => said(&session.state().key_images),
        Question::Catalogue => catalogue(),
        Question::Thumbnail { series, side } => thumbnail(arrivals, series, *side)?,
        Question::Snapshot => {
            serde_json::from_slice(&session.snapshot()).map_err(|error| error.to_string())?
        }
    })
}

fn said(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Numbers with what is to be read beside them; why there are none where they cannot be had.
fn numbers(readout: Result<Readout, engine::session::Refusal>) -> Readout {
    readout.unwrap_or_else(|refusal| Readout {
        figures: Vec::new(),
        warnings: vec![refusal.to_string()],
    })
}

fn marks(session: &Session) -> Value {
    let state = session.state();
    let mark = |(n, mark): (&u64, &std::sync::Arc<engine::session::state::Mark>)| {
        let read = numbers(session.mark_readout(*n));
        json!({
            "mark": n,
            "kind": mark.kind,
            "text": mark.text,
            "series": mark.series,
            "color": mark.color,
            "points_mm": mark.points_mm,
            "is_selected": state.selected_mark == Some(*n),
            "figures": read.figures,
            "warnings": read.warnings,
        })
    };
    state.marks.iter().map(mark).collect()
}

fn vois(session: &mut Session) -> Value {
    let vois: Vec<_> = session
        .state()
        .vois
        .iter()
        .map(|(n, voi)| (*n, voi.clone()))
        .collect();
    let selected = session.state().selected_voi;
    let rows = vois.into_iter().map(|(n, voi)| {
        let read = numbers(session.voi_readout(n));
        let place = session.voi_mask(n).ok().and_then(|(mask, _)| {
            let [i, j, k] = mask
                .bounding_box()?
                .map(|range| (range.start + range.end - 1) as f64 / 2.0);
            let at = mask.grid().patient(engine::geometry::Point::new(i, j, k));
            Some([at.xyz.x, at.xyz.y, at.xyz.z])
        });
        json!({
            "voi": n,
            "name": voi.name,
            "series": voi.series,
            "color": voi.color,
            "is_selected": selected == Some(n),
            "figures": read.figures,
            "warnings": read.warnings,
            "place_mm": place,
        })
    });
    rows.collect()
}

/// The same for all, and made once.
fn catalogue() -> Value {
    static MADE: OnceLock<Value> = OnceLock::new();
    MADE.get_or_init(made_catalogue).clone()
}

fn made_catalogue() -> Value {
    let swatch = |name: String| {
        let colors = ColorMap::named(&name).ok()?;
        let color = |n: usize| {
            let [red, green, blue] = colors.color(n as f64 / (SWATCHES - 1) as f64);
            format!("#{red:02x}{green:02x}{blue:02x}")
        };
        Some(json!({"name": name, "colors": (0..SWATCHES).map(color).collect::<Vec<_>>()}))
    };
    let palettes: Vec<Value> = engine::colormap::names().into_iter().filter_map(swatch).collect();
    let look = |look: engine::presentation::hanging::Look| json!({"name": look.name, "title": look.title, "mouse": look.mouse, "keys": look.keys});
    json!({
        "palettes": palettes,
        "looks": looks().into_iter().map(look).collect::<Vec<_>>(),
        "presets": presets().map(|preset| preset.name).collect::<Vec<_>>(),
    })
}

/// Where a small picture of a series is.
fn thumbnail(arrivals: &Arrivals, series: &str, side: u32) -> Result<Value, String> {
    let listing = arrivals.listing();
    let n = listing.position(series).ok_or("there is no such series")?;
    let (facts, listed) = (
        &listing.facts()[n],
        listing.get(n).ok_or("there is no such series")?,
    );
    let (study, series) = (&facts.study, &listed.series.series_instance_uid);
    let side = side.clamp(16, MAX_THUMBNAIL);
    Ok(json!({
        "address": format!("/dicom-web/studies/{study}/series/{series}/thumbnail?viewport={side},{side}"),
    }))
}
