//! What an element is told of series, layouts and views.

use engine::presentation::Layout;
use engine::presentation::Size;
use engine::session::state::{Kind, Shown, State, ViewLayer};
use engine::session::{People, SeriesFacts, Written};
use serde_json::{Value, json};

/// All series, in the order in which they are listed.
pub fn series(facts: &[SeriesFacts]) -> Value {
    let card = |facts: &SeriesFacts| {
        let hanging = &facts.hanging;
        json!({
            "key": facts.key,
            "study": facts.study,
            "space": facts.space(),
            "study_time": facts.study_time,
            "number": facts.number,
            "modality": hanging.modality,
            "description": hanging.description,
            "body_part": hanging.body_part,
            "images": hanging.images,
            "size": facts.grid.size(),
            "phases": facts.phases,
            "is_volume": facts.planar.is_none() && hanging.has_volume,
            "unit": facts.unit.label(),
            "remarks": facts.remarks,
        })
    };
    json!({"series": facts.iter().map(card).collect::<Vec<_>>()})
}

/// Where views lie.
pub fn layout(state: &State, language: &str) -> Value {
    let screen = |(screen, layout): (usize, &Layout)| {
        let cells = layout.cells().iter().enumerate().map(|(cell, place)| {
            json!({
                "viewport": engine::session::state::Desk::number(screen, cell),
                "row": place.row,
                "column": place.column,
                "row_span": place.row_span,
                "column_span": place.column_span,
            })
        });
        json!({"rows": layout.rows(), "columns": layout.columns(), "cells": cells.collect::<Vec<_>>()})
    };
    let screens: Vec<Value> = state.desk.screens().enumerate().map(screen).collect();
    json!({"layout": {
        "screens": screens,
        "maximized": state.desk.maximized,
        "look": state.look,
        "protocol": state.hanging.as_ref().map(|hanging| &hanging.protocol),
        "is_deidentified": state.is_deidentified,
        "texts": state.texts,
        "links": state.links,
        "language": language,
    }})
}

/// Who looks at the same, and whether others may.
pub fn people(people: &People, is_shared: bool) -> Value {
    let participants: serde_json::Map<String, Value> = people
        .participants
        .iter()
        .map(|(n, person)| (n.to_string(), json!({"name": person.name})))
        .collect();
    json!({"people": {
        "participants": participants,
        "presenter": people.presenter,
        "is_shared": is_shared,
    }})
}

/// What is told of a view.
pub struct View<'a> {
    /// Its number.
    pub viewport: u32,
    /// How often it has changed.
    pub turn: u64,
    /// Pixels.
    pub size: Size,
    /// Whether what is drawn over it belongs to a picture to come.
    pub picture_changes: bool,
    /// What it shows.
    pub shown: &'a Shown,
    /// What is drawn over it.
    pub written: &'a Written,
    /// Pixels a point.
    pub scale: f64,
}

/// What a view shows, and what is drawn over it.
pub fn view(view: &View<'_>, facts: &[SeriesFacts]) -> Value {
    let View {
        viewport,
        turn,
        size,
        picture_changes,
        shown,
        written,
        scale,
    } = *view;
    let of = |key: &str| facts.iter().find(|facts| facts.key == key);
    let layer = |(n, layer): (usize, &ViewLayer)| {
        let facts = of(&layer.series);
        let window = written.windows.get(&n);
        json!({
            "series": layer.series,
            "modality": facts.map_or("", |facts| facts.modality()),
            "window": window.map(|window| window.limits()),
            "window_center": window.map(|window| window.center),
            "window_width": window.map(|window| window.width),
            "unit": facts.map_or("", |facts| facts.unit.label()),
            "palette": layer.palette,
            "is_inverted": layer.is_inverted,
            "ratio": layer.ratio,
        })
    };
    let base = shown.layers.first().and_then(|layer| of(&layer.series));
    let slice = base
        .filter(|_| shown.kind.is_plane())
        .map(|facts| [shown.slice(&facts.grid), facts.grid.size()[2]]);
    json!({"view": {
        "viewport": viewport,
        "turn": turn,
        "size": [size.width, size.height],
        "picture_changes": picture_changes,
        "kind": kind(&shown.kind),
        "layers": shown.layers.iter().enumerate().map(layer).collect::<Vec<_>>(),
        "slice": slice,
        "phase": [shown.phase, base.map_or(1, |facts| facts.phases as u32)],
        "zoom": shown.zoom,
        "focus_mm": shown.focus_mm,
        "axes": shown.axes,
        "slab": shown.slab,
        "comparing": shown.comparing,
        "is_playing": shown.motion.is_some(),
        "motion": shown.motion,
        "is_linked": shown.is_linked,
        "fraction": written.fraction,
        "scale": scale,
        "marks": written.drawing(size, scale).marks,
    }})
}

/// How a view shows its series: the session's word.
fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Curved { .. } => json!("curved"),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}
