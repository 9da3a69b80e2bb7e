//! Spaces as types, and points and directions in them.

use std::marker::PhantomData;
use std::ops::{Add, Index, Mul, Neg, Sub};

use nalgebra::Vector3;

/// A coordinate system; only a name, never a value.
pub trait Space: Copy + Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static {}

/// Patient space: x to the patient's Left, y to the Posterior, z to the Head (LPS), millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patient;

/// Index space of a volume: column, row, slice; the centre of the first voxel is 0, 0, 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Voxel;

/// Pixels of an image plane: x to the right, y down, z away from the viewer; the centre of the first
/// pixel is 0, 0, 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane;

impl Space for Patient {}
impl Space for Voxel {}
impl Space for Plane {}

/// A place in a space.
#[derive(Clone, Copy, PartialEq)]
pub struct Point<S: Space> {
    /// The coordinates, in the space's unit.
    pub xyz: Vector3<f64>,
    space: PhantomData<S>,
}

/// A difference of two places in a space.
#[derive(Clone, Copy, PartialEq)]
pub struct Vector<S: Space> {
    /// The components, in the space's unit.
    pub xyz: Vector3<f64>,
    space: PhantomData<S>,
}

impl<S: Space> Point<S> {
    /// Makes a point of its three coordinates.
    #[must_use]
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Self {
            xyz: Vector3::new(x, y, z),
            space: PhantomData,
        }
    }

    /// Distance to another point of the same space, in its unit.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        (self.xyz - other.xyz).norm()
    }
}

impl<S: Space> Vector<S> {
    /// Makes a vector of its three components.
    #[must_use]
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Self {
            xyz: Vector3::new(x, y, z),
            space: PhantomData,
        }
    }

    /// Its length, in the space's unit.
    #[must_use]
    pub fn norm(self) -> f64 {
        self.xyz.norm()
    }

    /// The vector of length 1 along this one; `None` for a vector without a direction.
    #[must_use]
    pub fn normalized(self) -> Option<Self> {
        let norm = self.norm();
        (norm.is_finite() && norm > f64::MIN_POSITIVE).then(|| self.xyz.unscale(norm).into())
    }

    /// Scalar product.
    #[must_use]
    pub fn dot(self, other: Self) -> f64 {
        self.xyz.dot(&other.xyz)
    }

    /// Vector product.
    #[must_use]
    pub fn cross(self, other: Self) -> Self {
        self.xyz.cross(&other.xyz).into()
    }
}

impl<S: Space> From<Vector3<f64>> for Point<S> {
    fn from(xyz: Vector3<f64>) -> Self {
        Self {
            xyz,
            space: PhantomData,
        }
    }
}

impl<S: Space> From<Vector3<f64>> for Vector<S> {
    fn from(xyz: Vector3<f64>) -> Self {
        Self {
            xyz,
            space: PhantomData,
        }
    }
}

impl<S: Space> From<[f64; 3]> for Point<S> {
    fn from([x, y, z]: [f64; 3]) -> Self {
        Self::new(x, y, z)
    }
}

impl<S: Space> From<[f64; 3]> for Vector<S> {
    fn from([x, y, z]: [f64; 3]) -> Self {
        Self::new(x, y, z)
    }
}

impl<S: Space> Add<Vector<S>> for Point<S> {
    type Output = Self;
    fn add(self, step: Vector<S>) -> Self {
        (self.xyz + step.xyz).into()
    }
}

impl<S: Space> Sub<Vector<S>> for Point<S> {
    type Output = Self;
    fn sub(self, step: Vector<S>) -> Self {
        (self.xyz - step.xyz).into()
    }
}

impl<S: Space> Sub for Point<S> {
    type Output = Vector<S>;
    fn sub(self, other: Self) -> Vector<S> {
        (self.xyz - other.xyz).into()
    }
}

impl<S: Space> Add for Vector<S> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        (self.xyz + other.xyz).into()
    }
}

impl<S: Space> Sub for Vector<S> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        (self.xyz - other.xyz).into()
    }
}

impl<S: Space> Mul<f64> for Vector<S> {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        (self.xyz * factor).into()
    }
}

impl<S: Space> Neg for Vector<S> {
    type Output = Self;
    fn neg(self) -> Self {
        (-self.xyz).into()
    }
}

impl<S: Space> Index<usize> for Point<S> {
    type Output = f64;
    fn index(&self, axis: usize) -> &f64 {
        &self.xyz[axis]
    }
}

impl<S: Space> Index<usize> for Vector<S> {
    type Output = f64;
    fn index(&self, axis: usize) -> &f64 {
        &self.xyz[axis]
    }
}

impl<S: Space> std::fmt::Debug for Point<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}({}, {}, {})",
            std::any::type_name::<S>(),
            self.xyz.x,
            self.xyz.y,
            self.xyz.z
        )
    }
}

impl<S: Space> std::fmt::Debug for Vector<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}[{}, {}, {}]",
            std::any::type_name::<S>(),
            self.xyz.x,
            self.xyz.y,
            self.xyz.z
        )
    }
}
