//! Where views look: paging, moving, magnifying, turning, the crosshair.

use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::presentation::Size;
use crate::session::apply::Work;
use crate::session::apply::follow::is_parallel;
use crate::session::command::{Command, Link, Spot};
use crate::session::error::{Refusal, within};
use crate::session::sight::{ZOOM, components, looking_from, numbers, point, size_of, vector};
use crate::session::state::{Axis, Kind, Shown};

/// Farthest from the volume's middle that a view may look, mm.
const FAR_MM: f64 = 1e5;

/// A picture that asks only whether a view can be one.
const SMALL: Size = Size {
    width: 16,
    height: 16,
};

impl Work<'_> {
    pub(super) fn place(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::Scroll { viewport, steps } => self.scroll(*viewport, *steps)?,
            Command::GoToSlice { viewport, slice } => self.go_to_slice(*viewport, *slice)?,
            Command::GoToPhase { viewport, phase } => self.go_to_phase(*viewport, *phase)?,
            Command::Pan { viewport, from, to } => self.pan(*viewport, *from, *to)?,
            Command::CenterOn { viewport, place_mm } => {
                let place = finite_place(*place_mm)?;
                let shown = self.shown(*viewport, "a place")?;
                near(&self.grid(shown)?, place)?;
                shown.plane(&self.grid(shown)?, SMALL)?;
                self.move_focus(*viewport, place)?;
            }
            Command::Zoom {
                viewport,
                factor,
                about,
            } => self.zoom(*viewport, *factor, *about)?,
            Command::SetZoom { viewport, zoom } => {
                let zoom = within("the magnification", "0.02 to 200", ZOOM, *zoom)?;
                let factor = zoom / self.shown(*viewport, "magnification")?.zoom;
                self.zoom(*viewport, factor, None)?;
            }
            Command::SetAxis { viewport, axis } => self.set_axis(*viewport, *axis)?,
            Command::Rotate { viewport, angle_rad } => self.rotate(*viewport, *angle_rad)?,
            Command::FlipHorizontally { viewport } => self.flip(*viewport, 0)?,
            Command::FlipVertically { viewport } => self.flip(*viewport, 1)?,
            Command::Turn { viewport, from, to } => self.turn(*viewport, *from, *to)?,
            Command::LookFrom {
                viewport,
                azimuth_rad,
                elevation_rad,
            } => self.look_from(*viewport, *azimuth_rad, *elevation_rad)?,
            Command::Crosshair { viewport, at } => {
                let place = self.place_of(*viewport, *at)?;
                self.go_to(*viewport, place)?;
            }
            Command::CrosshairAt { viewport, place_mm } => {
                let place = finite_place(*place_mm)?;
                self.go_to(*viewport, place)?;
            }
            Command::JumpToMaximum { viewport, layer, at } => self.jump(*viewport, *layer, *at)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The place under a spot.
    pub(super) fn place_of(&self, viewport: u32, spot: Spot) -> Result<Point<Patient>, Refusal> {
        let shown = self.shown(viewport, "a place")?;
        shown.place(&self.grid(shown)?, spot)
    }

    fn scroll(&mut self, viewport: u32, steps: i32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "paging")?.clone();
        let grid = self.grid(&shown)?;
        let before = shown.focus();
        let after = match shown.kind {
            Kind::Stack => paged(&shown, &grid, i64::from(steps)),
            Kind::Tiles { rows, columns } => {
                paged(&shown, &grid, i64::from(steps) * i64::from(rows * columns))
            }
            Kind::Plane => stepped(&shown, &grid, steps),
            Kind::Interleaved => {
                let turns = self.stage.turns(&self.state.joints, &shown)?;
                let last = turns.len() as i64 - 1;
                let turn = (i64::from(shown.turn) + i64::from(steps)).clamp(0, last.max(0));
                let next = self.at_turn(&shown, &turns, turn as usize)?;
                self.shown_mut(viewport, "paging")?.turn = next.turn;
                next.focus()
            }
            Kind::Curved { .. } | Kind::Projection { .. } | Kind::Rendering { .. } => {
                return Err(Refusal::NotShown {
                    what: "paging",
                    expected: "a plane",
                    found: shown.kind.title(),
                });
            }
        };
        self.arrive(viewport, &grid, before, after)
    }

    /// Puts the focus to a place on another plane; followers go along.
    fn arrive(
        &mut self,
        viewport: u32,
        grid: &Grid,
        before: Point<Patient>,
        after: Point<Patient>,
    ) -> Result<(), Refusal> {
        near(grid, after)?;
        let moved = after - before;
        let shown = self.shown_mut(viewport, "paging")?;
        shown.focus_mm = numbers(after);
        if let Some(at) = shown.crosshair_mm {
            shown.crosshair_mm = Some(numbers(point(at) + moved));
        }
        self.scroll_followers(viewport, moved)
    }

    fn go_to_slice(&mut self, viewport: u32, slice: u32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a slice")?.clone();
        let grid = self.grid(&shown)?;
        let slices = grid.size()[2];
        if slice as usize >= slices {
            return Err(Refusal::Count {
                what: "as the slice, from 0",
                expected: format!("0 to {}", slices - 1),
                found: slice as usize,
            });
        }
        if !shown.is_by_slices() {
            return Err(Refusal::NotShown {
                what: "a slice",
                expected: "a stack or tiles",
                found: shown.kind.title(),
            });
        }
        let after = shown.on_slice(&grid, slice as usize);
        self.arrive(viewport, &grid, shown.focus(), after)
    }

    fn go_to_phase(&mut self, viewport: u32, phase: u32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a phase")?;
        let mut phases = 1;
        for layer in &shown.layers {
            phases = phases.max(self.stage.facts(&layer.series)?.phases);
        }
        if phase as usize >= phases {
            return Err(Refusal::Count {
                what: "as the phase, from 0",
                expected: format!("0 to {}", phases - 1),
                found: phase as usize,
            });
        }
        self.shown_mut(viewport, "a phase")?.phase = phase;
        Ok(())
    }

    fn pan(&mut self, viewport: u32, from: Spot, to: Spot) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "moving")?.clone();
        let grid = self.grid(&shown)?;
        let [from, to] = [from, to].map(|spot| shown.place_in_plane(&grid, spot));
        let step = from? - to?;
        near(&grid, shown.focus() + step)?;
        let moved = self.shown_mut(viewport, "moving")?;
        // The crosshair stays where it is in the body.
        moved.crosshair_mm = Some(numbers(shown.crosshair()));
        moved.focus_mm = numbers(shown.focus() + step);
        let normal = shown.away();
        for (n, way) in self.followers(viewport, Link::Pan)? {
            let other = self.shown(n, "moving")?.clone();
            if other.kind.is_plane() == shown.kind.is_plane()
                && is_parallel(way.fixed_from_moving * normal, other.away())
            {
                let theirs = self.shown_mut(n, "moving")?;
                theirs.crosshair_mm = Some(numbers(other.crosshair()));
                theirs.focus_mm = numbers(other.focus() + way.fixed_from_moving * step);
            }
        }
        Ok(())
    }

    fn zoom(&mut self, viewport: u32, factor: f64, about: Option<Spot>) -> Result<(), Refusal> {
        let factor = within("the factor", "0.01 to 100", 0.01..=100.0, factor)?;
        let shown = self.shown(viewport, "magnification")?.clone();
        let zoom = (shown.zoom * factor).clamp(*ZOOM.start(), *ZOOM.end());
        let real = zoom / shown.zoom;
        let grid = self.grid(&shown)?;
        let focus = match about {
            None => shown.focus(),
            Some(spot) => {
                // What is under the pointer stays there.
                let place = shown.place_in_plane(&grid, spot)?;
                place + (shown.focus() - place) * (1.0 / real)
            }
        };
        near(&grid, focus)?;
        let next = self.shown_mut(viewport, "magnification")?;
        if about.is_some() {
            next.crosshair_mm = Some(numbers(shown.crosshair()));
        }
        next.zoom = zoom;
        next.focus_mm = numbers(focus);
        for n in self.alike(viewport, Link::Zoom)? {
            let other = self.shown_mut(n, "magnification")?;
            if other.kind.is_plane() == shown.kind.is_plane() {
                other.zoom = (other.zoom * real).clamp(*ZOOM.start(), *ZOOM.end());
            }
        }
        Ok(())
    }

    fn set_axis(&mut self, viewport: u32, axis: Axis) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a direction")?;
        if shown.kind != Kind::Plane {
            return Err(Refusal::NotShown {
                what: "a direction",
                expected: "a plane",
                found: shown.kind.title(),
            });
        }
        let crosshair = numbers(shown.crosshair());
        let axes = axis.axes()?;
        let shown = self.shown_mut(viewport, "a direction")?;
        shown.axes = axes;
        shown.focus_mm = crosshair;
        shown.crosshair_mm = None;
        Ok(())
    }

    fn rotate(&mut self, viewport: u32, angle_rad: f64) -> Result<(), Refusal> {
        let angle = within("the angle", "-1000 to 1000 radians", -1e3..=1e3, angle_rad)?;
        let shown = self.shown(viewport, "turning")?.clone();
        let turned = |shown: &Shown| {
            let (sin, cos) = angle.sin_cos();
            let (right, down) = (shown.right(), shown.down());
            // The picture turns clockwise: what was to the right comes down.
            [right * cos + down * -sin, right * sin + down * cos].map(components)
        };
        let [right, down] = turned(&shown);
        let next = self.shown_mut(viewport, "turning")?;
        (next.axes[0], next.axes[1]) = (right, down);
        let normal = shown.away();
        for (n, way) in self.followers(viewport, Link::Rotation)? {
            let other = self.shown(n, "turning")?.clone();
            if other.kind.is_plane()
                && shown.kind.is_plane()
                && is_parallel(way.fixed_from_moving * normal, other.away())
            {
                let [right, down] = turned(&other);
                let theirs = self.shown_mut(n, "turning")?;
                (theirs.axes[0], theirs.axes[1]) = (right, down);
            }
        }
        Ok(())
    }

    fn flip(&mut self, viewport: u32, axis: usize) -> Result<(), Refusal> {
        let shown = self.shown_mut(viewport, "mirroring")?;
        if !shown.kind.is_plane() {
            let found = shown.kind.title();
            return Err(Refusal::NotShown {
                what: "mirroring",
                expected: "a plane",
                found,
            });
        }
        shown.axes[axis] = shown.axes[axis].map(|part| -part);
        Ok(())
    }

    fn look_from(&mut self, viewport: u32, azimuth_rad: f64, elevation_rad: f64) -> Result<(), Refusal> {
        within("the azimuth", "-1000 to 1000 radians", -1e3..=1e3, azimuth_rad)?;
        within(
            "the elevation",
            "-1000 to 1000 radians",
            -1e3..=1e3,
            elevation_rad,
        )?;
        let shown = self.shown(viewport, "a direction")?;
        if shown.has_fixed_direction() {
            return Err(Refusal::NotShown {
                what: "a direction",
                expected: "a plane, projection or rendering",
                found: shown.kind.title(),
            });
        }
        let axes = looking_from(azimuth_rad, elevation_rad);
        self.shown_mut(viewport, "a direction")?.axes = axes;
        self.turn_followers(viewport, |_| Ok(axes))
    }

    /// As a ball of half the picture's smaller side under the pointer (Shoemake's arcball without doubled angles).
    fn turn(&mut self, viewport: u32, from: Spot, to: Spot) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "turning")?.clone();
        if shown.has_fixed_direction() {
            return Err(Refusal::NotShown {
                what: "turning",
                expected: "a plane, projection or rendering",
                found: shown.kind.title(),
            });
        }
        let on_ball = |spot: Spot| -> Result<Vector<Patient>, Refusal> {
            let size = size_of(spot)?;
            let radius = f64::from(size.width.min(size.height)) / 2.0;
            let x = (spot.x - (f64::from(size.width) - 1.0) / 2.0) / radius;
            let y = (spot.y - (f64::from(size.height) - 1.0) / 2.0) / radius;
            let towards_viewer = (1.0 - x * x - y * y).max(0.0).sqrt();
            let place = shown.right() * x + shown.down() * y + shown.away() * -towards_viewer;
            Ok(place.normalized().unwrap_or(shown.away() * -1.0))
        };
        let (from, to) = (on_ball(from)?, on_ball(to)?);
        let axis = from.cross(to);
        let angle = axis.norm().atan2(from.dot(to));
        let crosshair = shown.crosshair();
        let Some(turned) = Affine::rotation(crosshair, axis, -angle) else {
            return Ok(());
        };
        let turn = |axes: [[f64; 3]; 3]| upright(axes.map(|axis| turned * vector(axis)));
        let next = self.shown_mut(viewport, "turning")?;
        next.axes = turn(shown.axes);
        if shown.kind == Kind::Plane {
            next.focus_mm = numbers(turned * shown.focus());
        }
        self.turn_followers(viewport, |other| Ok(turn(other.axes)))
    }

    /// Projections and renderings turn together.
    fn turn_followers(
        &mut self,
        viewport: u32,
        axes: impl Fn(&Shown) -> Result<[[f64; 3]; 3], Refusal>,
    ) -> Result<(), Refusal> {
        let is_plane = self.shown(viewport, "turning")?.kind.is_plane();
        for (n, _) in self.followers(viewport, Link::Rotation)? {
            let other = self.shown(n, "turning")?.clone();
            if !is_plane && !other.kind.is_plane() {
                self.shown_mut(n, "turning")?.axes = axes(&other)?;
            }
        }
        Ok(())
    }

    /// Shows a place of a view's space in it and in all that follow.
    pub(super) fn go_to(&mut self, viewport: u32, place: Point<Patient>) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a place")?;
        near(&self.grid(shown)?, place)?;
        self.look_at(viewport, place)?;
        for (n, way) in self.followers(viewport, Link::Crosshair)? {
            self.look_at(n, way.fixed_from_moving * place)?;
        }
        Ok(())
    }

    /// Brings a view's plane through a place; what lies in the middle stays there as far as it can.
    pub(super) fn look_at(&mut self, viewport: u32, place: Point<Patient>) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a place")?.clone();
        let grid = self.grid(&shown)?;
        let next = self.shown_mut(viewport, "a place")?;
        next.crosshair_mm = Some(numbers(place));
        if shown.kind.is_plane() {
            let normal = shown.away();
            let moved = shown.focus() + normal * normal.dot(place - shown.focus());
            next.focus_mm = numbers(moved);
            if shown.is_by_slices() {
                let slice = next.slice(&grid);
                next.focus_mm = numbers(next.on_slice(&grid, slice));
            }
            if shown.kind == Kind::Interleaved {
                let here = next.clone();
                *self.shown_mut(viewport, "a place")? = self.nearest_turn(&here, place)?;
            }
        }
        Ok(())
    }

    fn jump(&mut self, viewport: u32, layer: u32, at: Spot) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "the maximum along a ray")?.clone();
        let key = shown.layers.get(layer as usize).ok_or(Refusal::NoLayer {
            layers: shown.layers.len(),
            found: layer as usize,
        })?;
        let volume = self.stage.whole(&key.series, shown.phase)?;
        let start = self.place_of(viewport, at)?;
        let spaces = [self.space(&shown)?, self.stage.facts(&key.series)?.space()];
        let way = self.stage.way(&self.state.joints, &spaces[0], &spaces[1]);
        let here_from_there = way.map_or(Affine::identity(), |way| way.fixed_from_moving);
        let there = here_from_there
            .inverse()
            .map_err(|_| Refusal::NotJoined(spaces[0].clone(), spaces[1].clone()))?;
        let slab =
            (shown.kind == Kind::Plane).then(|| shown.slab.map_or(0.0, |slab| slab.thickness_mm / 2.0));
        let found =
            crate::session::measure::maximum_along(&volume, there * start, there * shown.away(), slab);
        match found {
            Some(place) => self.go_to(viewport, here_from_there * place),
            None => {
                self.remark("there is nothing of the series along this line of sight");
                Ok(())
            }
        }
    }
}

impl Shown {
    /// The place under a spot on the plane of the view, tiles or not.
    fn place_in_plane(&self, grid: &Grid, spot: Spot) -> Result<Point<Patient>, Refusal> {
        let Kind::Tiles { rows, columns } = self.kind else {
            return Ok(self.plane(grid, size_of(spot)?)?.patient(spot.x, spot.y));
        };
        // A movement in tiles is as long as in one tile.
        let size = size_of(spot)?;
        let tile = crate::session::sight::tile_size(size, [rows, columns]);
        Ok(self.plane(grid, tile)?.patient(spot.x, spot.y))
    }
}

/// The focus `slices` further in the stack, not beyond its ends.
fn paged(shown: &Shown, grid: &Grid, slices: i64) -> Point<Patient> {
    let last = grid.size()[2] as i64 - 1;
    let slice = (shown.slice(grid) as i64).saturating_add(slices).clamp(0, last);
    shown.on_slice(grid, slice as usize)
}

/// The focus moved along the normal by voxels of the lowest layer, not beyond its ends.
fn stepped(shown: &Shown, grid: &Grid, steps: i32) -> Point<Patient> {
    let normal = shown.away();
    let step_mm = step_mm(grid, normal);
    let extent = grid.corners().map(|corner| normal.dot(corner - shown.focus()));
    let low = extent.iter().copied().fold(f64::INFINITY, f64::min);
    let high = extent.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let along = (f64::from(steps) * step_mm).clamp(low.min(0.0), high.max(0.0));
    shown.focus() + normal * along
}

/// How far apart voxels lie along a direction, mm: the spacing of the axis that runs most along it.
pub(in crate::session) fn step_mm(grid: &Grid, normal: Vector<Patient>) -> f64 {
    let axes = [
        grid.row_direction(),
        grid.column_direction(),
        grid.slice_direction(),
    ];
    let spacing = grid.spacing_mm();
    let best = (0..3).max_by(|a, b| axes[*a].dot(normal).abs().total_cmp(&axes[*b].dot(normal).abs()));
    spacing[best.unwrap_or(2)]
}

/// Axes of length 1 at right angles again, the sense of the set kept.
fn upright([right, down, away]: [Vector<Patient>; 3]) -> [[f64; 3]; 3] {
    let handed = if right.cross(down).dot(away) < 0.0 {
        -1.0
    } else {
        1.0
    };
    let right = right.normalized().unwrap_or(right);
    let down = (down + right * -right.dot(down)).normalized().unwrap_or(down);
    [right, down, right.cross(down) * handed].map(components)
}

pub(super) fn finite_place(place_mm: [f64; 3]) -> Result<Point<Patient>, Refusal> {
    for part in place_mm {
        within("a place", "within 100 m", -FAR_MM..=FAR_MM, part)?;
    }
    Ok(point(place_mm))
}

/// Refuses places that no body reaches.
fn near(grid: &Grid, place: Point<Patient>) -> Result<(), Refusal> {
    let far = place.distance(grid.center());
    within(
        "the distance from the middle of the volume",
        "within 100 m",
        0.0..=FAR_MM,
        far,
    )
    .map(|_| ())
}
