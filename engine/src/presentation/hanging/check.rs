//! What a document must hold besides its shape. A problem is a sentence without its subject.

use std::collections::BTreeSet;

use super::MAX_SCREENS;
use super::look::Look;
use super::protocol::{LayerRule, Protocol, Title, ViewKind, ViewRule, WindowRule};
use super::rule::SeriesRule;
use crate::colormap::ColorMap;
use crate::presentation::{Layout, WindowPresets};

type Checked = Result<(), String>;

/// Most series, rules, layers over another, bindings.
const MAX_SERIES: usize = 64;
const MAX_RULES: usize = 64;
const MAX_OVERLAYS: usize = 4;
const MAX_BINDINGS: usize = 512;

/// Most rows or columns of tiles.
const MAX_TILES: u32 = 16;

/// Longest name, in bytes.
const MAX_NAME: usize = 64;

pub(super) fn protocol(protocol: &Protocol, windows: &WindowPresets) -> Checked {
    name(&protocol.name)?;
    title(&protocol.title)?;
    count("series", protocol.series.len(), 1, MAX_SERIES)?;
    count("rules to match", protocol.matches.len(), 1, MAX_RULES)?;
    count("screens", protocol.screens().count(), 1, MAX_SCREENS)?;
    let all_cells = protocol.screens().map(|layout| layout.cells().len()).sum();
    count("views", protocol.views.len(), 1, all_cells)?;
    let mut known = BTreeSet::new();
    for series in &protocol.series {
        let rules = std::iter::once(&series.is).chain(&series.prefer);
        let references = rules.flat_map(SeriesRule::references);
        for other in references.chain(series.other_than.iter().map(String::as_str)) {
            exists("an earlier series", other, known.contains(other))?;
        }
        if series.name.is_empty() || !known.insert(series.name.as_str()) {
            return Err(format!(
                "series need different names, found {:?} again",
                series.name
            ));
        }
        if series.is == SeriesRule::default() {
            return Err(format!("series {:?} must ask for something", series.name));
        }
    }
    for rule in &protocol.matches {
        count("needed series", rule.needs.len(), 1, MAX_SERIES)?;
        count("series that must be missing", rule.without.len(), 0, MAX_SERIES)?;
        for need in &rule.needs {
            exists("a series", need, known.contains(need.as_str()))?;
        }
    }
    let screens: Vec<&Layout> = protocol.screens().collect();
    let mut cells = vec![BTreeSet::new(); screens.len()];
    for (n, view) in protocol.views.iter().enumerate() {
        let Some((layout, seen)) = screens.get(view.screen).zip(cells.get_mut(view.screen)) else {
            let (all, found) = (screens.len(), view.screen);
            return Err(format!(
                "view {n}: the protocol has {all} screens, found screen {found}"
            ));
        };
        cell(view.cell, layout, seen).map_err(|problem| format!("view {n}: {problem}"))?;
        check_view(view, protocol, windows).map_err(|problem| format!("view {n}: {problem}"))?;
    }
    Ok(())
}

fn check_view(view: &ViewRule, protocol: &Protocol, windows: &WindowPresets) -> Checked {
    count("overlays", view.overlays.len(), 0, MAX_OVERLAYS)?;
    match &view.kind {
        ViewKind::Tiles { rows, columns } => {
            let fine = |lines: &u32| (1..=MAX_TILES).contains(lines);
            if !fine(rows) || !fine(columns) {
                return Err(format!(
                    "tiles need 1 to {MAX_TILES} rows and columns, found {rows} x {columns}"
                ));
            }
        }
        ViewKind::VolumeRendering { preset } if preset.trim().is_empty() => {
            return Err("a volume rendering needs the name of a preset".to_owned());
        }
        _ => {}
    }
    if !view.overlays.is_empty() && !view.kind.needs_volume() {
        return Err(format!(
            "only planes and projections have overlays, found {}",
            view.kind.words()
        ));
    }
    ratio(view.fusion_ratio)?;
    for layer in std::iter::once(&view.base).chain(&view.overlays) {
        check_layer(layer, protocol, windows)?;
    }
    Ok(())
}

fn check_layer(layer: &LayerRule, protocol: &Protocol, windows: &WindowPresets) -> Checked {
    let Some(series) = protocol.named(&layer.series) else {
        return exists("a series", &layer.series, false);
    };
    if let Some(palette) = &layer.palette {
        check_palette(palette)?;
    }
    match &layer.window {
        Some(rule) => check_window(rule, &series.is.modality, windows),
        None => Ok(()),
    }
}

/// A preset must exist for every modality that the series may have.
fn check_window(rule: &WindowRule, modalities: &[String], windows: &WindowPresets) -> Checked {
    match rule {
        WindowRule::Auto => Ok(()),
        WindowRule::Preset(name) if modalities.is_empty() => Err(format!(
            "window preset {name:?} needs a series of a known modality"
        )),
        WindowRule::Preset(name) => modalities.iter().try_for_each(|modality| {
            let found = windows.named(modality, name).is_some();
            exists(&format!("a window preset for {modality}"), name, found)
        }),
        WindowRule::Range { low, high, .. } => {
            if low.is_finite() && high.is_finite() && low < high {
                return Ok(());
            }
            Err(format!(
                "a window runs from a number to a higher one, found {low} to {high}"
            ))
        }
    }
}

pub(super) fn look(look: &Look, windows: &WindowPresets) -> Checked {
    name(&look.name)?;
    title(&look.title)?;
    ratio(look.fusion_ratio)?;
    let bindings = [
        ("palettes", look.palettes.len()),
        ("windows", look.windows.len()),
        ("arrangements", look.arrangements.len()),
        ("mouse bindings", look.mouse.len()),
        ("key bindings", look.keys.len()),
    ];
    for (what, found) in bindings {
        count(what, found, 0, MAX_BINDINGS)?;
    }
    for choice in &look.palettes {
        for palette in [&choice.single, &choice.overlay].into_iter().flatten() {
            check_palette(palette)?;
        }
    }
    for choice in &look.windows {
        check_window(&choice.window, std::slice::from_ref(&choice.modality), windows)?;
    }
    let once = [
        look.palettes
            .iter()
            .map(|choice| choice.modality.to_uppercase())
            .collect::<Vec<_>>(),
        look.windows
            .iter()
            .map(|choice| format!("{} {:?}", choice.modality, choice.body_part).to_uppercase())
            .collect(),
        look.arrangements
            .iter()
            .map(|choice| choice.protocol.clone())
            .collect(),
    ];
    once.iter().try_for_each(|names| different(names))?;
    for arrangement in &look.arrangements {
        let mut cells = BTreeSet::new();
        for &at in arrangement.cells.iter().flatten() {
            cell(at, &arrangement.layout, &mut cells)
                .map_err(|problem| format!("arrangement of {:?}: {problem}", arrangement.protocol))?;
        }
        count(
            "views of an arrangement",
            cells.len(),
            1,
            arrangement.layout.cells().len(),
        )?;
    }
    check_bindings(look)
}

fn check_bindings(look: &Look) -> Checked {
    let mouse: Vec<_> = look
        .mouse
        .iter()
        .map(|binding| format!("{:?} {:?}", binding.button, sorted(&binding.modifiers)))
        .collect();
    different(&mouse)?;
    let mut keys = Vec::new();
    for binding in &look.keys {
        if !(1..=MAX_NAME).contains(&binding.key.len()) {
            return Err(format!(
                "a key has a name of 1 to {MAX_NAME} bytes, found {:?}",
                binding.key
            ));
        }
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c);
        if !(1..=MAX_NAME).contains(&binding.command.len()) || !binding.command.chars().all(letter) {
            return Err(format!(
                "a command is lower-case letters, digits, `.` and `_`, found {:?}",
                binding.command
            ));
        }
        keys.push(format!(
            "{:?} {:?}",
            binding.key.to_lowercase(),
            sorted(&binding.modifiers)
        ));
    }
    different(&keys)
}

pub(super) fn sorted<T: Ord + Copy>(values: &[T]) -> BTreeSet<T> {
    values.iter().copied().collect()
}

fn different(names: &[String]) -> Checked {
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(format!("each may be set once, found {twice} twice")),
        None => Ok(()),
    }
}

fn name(name: &str) -> Checked {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=MAX_NAME).contains(&name.len()) && name.chars().all(letter) {
        return Ok(());
    }
    Err(format!(
        "its name must be 1 to {MAX_NAME} lower-case letters, digits and `-`, found {name:?}"
    ))
}

fn title(title: &Title) -> Checked {
    for text in [&title.zh, &title.en] {
        if text.trim().is_empty() || text.len() > 4 * MAX_NAME {
            return Err(format!(
                "its titles must be texts of at most {} bytes, found {text:?}",
                4 * MAX_NAME
            ));
        }
    }
    Ok(())
}

fn count(what: &str, found: usize, least: usize, most: usize) -> Checked {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(format!("{what} must be {least} to {most}, found {found}"))
}

fn exists(what: &str, name: &str, found: bool) -> Checked {
    if found {
        return Ok(());
    }
    Err(format!("expected the name of {what}, found {name:?}"))
}

fn check_palette(name: &str) -> Checked {
    ColorMap::named(name)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn cell(at: usize, layout: &Layout, seen: &mut BTreeSet<usize>) -> Checked {
    let all = layout.cells().len();
    if at >= all {
        return Err(format!("its layout has {all} cells, found cell {at}"));
    }
    if !seen.insert(at) {
        return Err(format!("a cell shows one view, found cell {at} again"));
    }
    Ok(())
}

fn ratio(ratio: Option<f64>) -> Checked {
    match ratio {
        Some(found) if !(0.0..=1.0).contains(&found) => {
            Err(format!("a fusion ratio is 0 to 1, found {found}"))
        }
        _ => Ok(()),
    }
}
