//! Loading a network and letting it look at volumes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_onnx::prelude::{
    DatumExt, Framework, InferenceModelExt, IntoRunnable, Tensor, TractError, TractResult,
    TypedRunnableModel, tvec,
};

use super::card::{CardError, ModelCard};
use super::lattice::{channel, lattice};
use super::windows::{bell, starts};
use crate::geometry::{Grid, GridError};
use crate::volume::{Rescale, Unit, Volume, VolumeError, Voxels};

/// Most bytes of a network's file: 2 GiB, what the format itself can hold.
const MOST_BYTES: usize = 1 << 31;
/// Most numbers that the answers of all windows may take together, 8 GiB of them.
const MOST_ANSWERS: usize = 1 << 31;

/// Why there is no segmentation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The card cannot be used.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The file is no network, or uses what is not supported.
    #[error("expected an ONNX network, found {0}")]
    File(String),
    /// The network's input or output is not as the card says.
    #[error("expected {what} of shape {expected:?}, found {found:?}")]
    Shape {
        /// The input or the output.
        what: &'static str,
        /// What the card says.
        expected: Vec<usize>,
        /// What the network has.
        found: Vec<usize>,
    },
    /// There is not one volume for each channel.
    #[error("the network reads {expected} volumes, found {found}")]
    Volumes {
        /// Channels of the card.
        expected: usize,
        /// Volumes given.
        found: usize,
    },
    /// The volumes lie in different frames of reference.
    #[error("expected volumes in one frame of reference, found {0} and {1}")]
    FrameOfReference(String, String),
    /// The answers would not fit into memory.
    #[error("expected at most {most} numbers as the network's answer, found {found}")]
    TooLarge {
        /// Most numbers.
        most: usize,
        /// Numbers needed.
        found: usize,
    },
    /// The lattice cannot be made.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The labels cannot be made a volume.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The network failed on a window.
    #[error("the network failed: {0}")]
    Run(String),
    /// The caller asked to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// The caller asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// A loaded network.
pub struct Network {
    card: ModelCard,
    plan: Arc<TypedRunnableModel>,
}

impl Network {
    /// Loads a network from the bytes of an ONNX file.
    ///
    /// Its one input is `[1, channels, ...window]` of f32, its first output `[1, classes, ...window]`: numbers
    /// that are the larger the surer a class is.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] for a card that cannot be used, bytes that are no network, operators that are not
    /// supported, and shapes other than the card's.
    pub fn load(bytes: &[u8], card: ModelCard) -> Result<Self, NetworkError> {
        card.check()?;
        if bytes.len() > MOST_BYTES {
            return Err(NetworkError::File(format!("{} bytes", bytes.len())));
        }
        let input = shape(card.channels.len(), card.window);
        let plan = guarded(|| plan(bytes, &input)).map_err(NetworkError::File)?;
        let network = Self { card, plan };
        // One look at nothing shows the output's shape, whatever the file says of it.
        let empty = vec![0.0; input.iter().product()];
        network.answer(&empty)?;
        Ok(network)
    }

    /// The card that the network was loaded with.
    #[must_use]
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// Labels of the first volume's space: a volume of u8 class numbers on the network's own lattice.
    ///
    /// One volume a channel, in the card's order, in one frame of reference. Windows overlap by half or more; in
    /// the middle of a window an answer counts more than at its rim. Of equal answers the lower class holds.
    /// `goes_on` hears of the windows done and all of them, and may ask to stop.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] for other volumes than the card's, a lattice too large, a failure within the network,
    /// and when asked to stop.
    pub fn segment(
        &self,
        volumes: &[&Volume],
        goes_on: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Volume, NetworkError> {
        let first = self.first_of(volumes)?;
        let grid = lattice(&self.card, first.grid())?;
        let needed = grid.voxels().saturating_mul(self.card.classes.len());
        if needed > MOST_ANSWERS {
            let most = MOST_ANSWERS;
            return Err(NetworkError::TooLarge { most, found: needed });
        }
        let pairs = volumes.iter().zip(&self.card.channels);
        let channels: Vec<Vec<f32>> = pairs.map(|(volume, card)| channel(volume, card, &grid)).collect();
        let sums = self.look_at_all(&channels, &grid, goes_on)?;
        let labels = largest(&sums, grid.voxels());
        let volume = Volume::new(
            grid,
            Voxels::U8(labels.into()),
            Rescale::IDENTITY,
            Unit::Unspecified,
        )?;
        Ok(volume.in_frame_of_reference(first.frame_of_reference_uid().map(str::to_owned)))
    }

    fn first_of<'a>(&self, volumes: &[&'a Volume]) -> Result<&'a Volume, NetworkError> {
        let (expected, found) = (self.card.channels.len(), volumes.len());
        let Some(first) = volumes.first().filter(|_| expected == found) else {
            return Err(NetworkError::Volumes { expected, found });
        };
        for other in volumes {
            if let (Some(a), Some(b)) = (first.frame_of_reference_uid(), other.frame_of_reference_uid())
                && a != b
            {
                return Err(NetworkError::FrameOfReference(a.to_owned(), b.to_owned()));
            }
        }
        Ok(first)
    }

    /// Adds up the weighted answers of all windows: class by class, each in the lattice's reading order.
    fn look_at_all(
        &self,
        channels: &[Vec<f32>],
        grid: &Grid,
        goes_on: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Vec<f32>, NetworkError> {
        let mut size = grid.size();
        size.reverse();
        let bells = self.card.window.map(bell);
        let corners = corners(size, self.card.window);
        let mut sums = vec![0.0; grid.voxels() * self.card.classes.len()];
        for (done, corner) in corners.iter().enumerate() {
            if !goes_on(done, corners.len()) {
                return Err(Stopped.into());
            }
            let place = Place {
                corner: *corner,
                window: self.card.window,
                size,
            };
            let answer = self.answer(&place.cut(channels, &self.card))?;
            place.add(&answer, &bells, &mut sums);
        }
        Ok(sums)
    }

    fn answer(&self, input: &[f32]) -> Result<Vec<f32>, NetworkError> {
        let input_shape = shape(self.card.channels.len(), self.card.window);
        let outputs = guarded(|| {
            let tensor = Tensor::from_shape(&input_shape, input)?;
            self.plan.run(tvec!(tensor.into()))
        })
        .map_err(NetworkError::Run)?;
        let expected = shape(self.card.classes.len(), self.card.window);
        let output = outputs
            .first()
            .ok_or_else(|| NetworkError::Run("no output".to_owned()))?;
        if output.shape() != expected {
            let found = output.shape().to_vec();
            return Err(NetworkError::Shape {
                what: "an output",
                expected,
                found,
            });
        }
        let view = output.to_plain_array_view::<f32>();
        let view = view.map_err(|error| NetworkError::Run(one_line(&error)))?;
        Ok(view.iter().copied().collect())
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network")
            .field("card", &self.card)
            .finish_non_exhaustive()
    }
}

fn shape(channels: usize, window: [usize; 3]) -> Vec<usize> {
    [&[1, channels], window.as_slice()].concat()
}

fn plan(mut bytes: &[u8], input: &[usize]) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx()
        .model_for_read(&mut bytes)?
        .with_input_fact(0, f32::fact(input).into())?
        .into_optimized()?
        .into_runnable()
}

/// Runs foreign code on a foreign file: whatever ends it, a panic too, is told in one line.
fn guarded<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| one_line(&error)),
        Err(_) => Err("a fault within the library".to_owned()),
    }
}

fn one_line(error: &TractError) -> String {
    format!("{error:#}").replace(['\n', '\r'], " ")
}

/// First voxels of all windows over a lattice.
fn corners(size: [usize; 3], window: [usize; 3]) -> Vec<[usize; 3]> {
    let along = [0, 1, 2].map(|axis| starts(size[axis], window[axis]));
    let mut corners = Vec::new();
    for k in &along[0] {
        for j in &along[1] {
            corners.extend(along[2].iter().map(|i| [*k, *j, *i]));
        }
    }
    corners
}

/// A window on a lattice; all in a network's order, slowest dimension first.
struct Place {
    corner: [usize; 3],
    window: [usize; 3],
    size: [usize; 3],
}

impl Place {
    /// Rows of the window that lie on the lattice: slice and row of the window, and the lattice's index of the
    /// row's first voxel.
    fn rows(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let within = |axis: usize| self.window[axis].min(self.size[axis] - self.corner[axis]);
        (0..within(0)).flat_map(move |k| {
            (0..within(1)).map(move |j| {
                let row = (self.corner[0] + k) * self.size[1] + self.corner[1] + j;
                (k, j, row * self.size[2] + self.corner[2])
            })
        })
    }

    fn row_length(&self) -> usize {
        self.window[2].min(self.size[2] - self.corner[2])
    }

    /// The window's input, beyond the lattice what the channels say of outside.
    fn cut(&self, channels: &[Vec<f32>], card: &ModelCard) -> Vec<f32> {
        let voxels: usize = self.window.iter().product();
        let length = self.row_length();
        let mut input = Vec::with_capacity(voxels * channels.len());
        for (numbers, channel) in channels.iter().zip(&card.channels) {
            let base = input.len();
            input.resize(base + voxels, channel.normalised(None));
            for (k, j, from) in self.rows() {
                let to = base + (k * self.window[1] + j) * self.window[2];
                input[to..to + length].copy_from_slice(&numbers[from..from + length]);
            }
        }
        input
    }

    fn add(&self, answer: &[f32], bells: &[Vec<f32>; 3], sums: &mut [f32]) {
        let window_voxels: usize = self.window.iter().product();
        let voxels: usize = self.size.iter().product();
        let length = self.row_length();
        let classes = answer
            .chunks_exact(window_voxels)
            .zip(sums.chunks_exact_mut(voxels));
        for (answer, sums) in classes {
            for (k, j, to) in self.rows() {
                let weight = bells[0][k] * bells[1][j];
                let from = (k * self.window[1] + j) * self.window[2];
                let own = answer[from..from + length].iter().zip(&bells[2]);
                for (sum, (answer, bell)) in sums[to..to + length].iter_mut().zip(own) {
                    *sum += weight * bell * answer;
                }
            }
        }
    }
}

/// The class of the largest sum at each voxel, the lower of equals.
fn largest(sums: &[f32], voxels: usize) -> Vec<u8> {
    let mut labels = vec![0u8; voxels];
    let mut best = sums[..voxels].to_vec();
    for (class, sums) in sums.chunks_exact(voxels).enumerate().skip(1) {
        for (n, sum) in sums.iter().enumerate() {
            if *sum > best[n] {
                (best[n], labels[n]) = (*sum, class as u8);
            }
        }
    }
    labels
}
