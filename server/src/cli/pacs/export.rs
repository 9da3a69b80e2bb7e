//! `uptake pacs export`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::Args;
use pacs::deidentify::{Key, Request};
use pacs::media::iso::Image;
use pacs::media::zip::{Packing, deidentified, stream};
use pacs::media::{
    self, Layout, NOTE, NOTE_DEIDENTIFIED, Names, Private, Selection, Tree, write_file, write_folder,
};

use super::super::serve::{Settings, runtime};
use crate::archive;

/// What leaves, and how.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Study Instance UID.
    #[arg(long, value_name = "UID")]
    study: String,
    /// Series Instance UIDs; all of the study unless said.
    #[arg(long, value_delimiter = ',', value_name = "UID,…")]
    series: Vec<String>,
    #[command(flatten)]
    to: To,
    /// plain (patient, study, series in words), anonymous (counters), or a new name for the folder; without it the files
    /// are a file-set with a DICOMDIR.
    #[arg(long, value_name = "plain|anonymous|NEW", conflicts_with = "iso")]
    names: Option<String>,
    /// Leaves the objects of a file-set in the transfer syntax they were received in; without it they are made uncompressed
    /// (Explicit VR Little Endian), as readers of discs expect.
    #[arg(long, conflicts_with = "names")]
    as_received: bool,
    /// Deflates the files of a zip.
    #[arg(long, requires = "zip")]
    deflate: bool,
    /// De-identifies the objects; those that may tell who the patient is are left out and listed in LEFTOUT.TXT.
    #[arg(long)]
    deidentify: bool,
    /// File with the project's secret, 64 hexadecimal digits: the same patient gets the same pseudonym in each of the
    /// project's exports. Without it nothing joins this export to another.
    #[arg(long, value_name = "FILE", requires = "deidentify")]
    key_file: Option<PathBuf>,
}

/// Where it goes.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct To {
    /// A folder that is empty or not there yet.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A new zip.
    #[arg(long, value_name = "FILE")]
    zip: Option<PathBuf>,
    /// A new image of a disc.
    #[arg(long, value_name = "FILE")]
    iso: Option<PathBuf>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let layout = layout(options)?;
    let key = options
        .deidentify
        .then(|| key(options.key_file.as_deref()))
        .transpose()?;
    let config = options.settings.load()?;
    runtime()?.block_on(async {
        let archive = archive::open(&config).await?;
        let storage = archive.storage().clone();
        let selection = Selection {
            study_uid: options.study.clone(),
            series_uids: options.series.clone(),
        };
        let is_file_set = layout.is_file_set();
        let note = if options.deidentify {
            NOTE_DEIDENTIFIED
        } else {
            NOTE
        };
        let note = ("README.TXT".to_owned(), Bytes::from_static(note.as_bytes()));
        let extra = is_file_set.then_some(note).into_iter().collect();
        let mut tree = Tree::of(archive.index(), archive.storage(), &selection, &layout, extra).await?;
        let packing = if options.deflate {
            Packing::Deflated
        } else {
            Packing::Stored
        };
        let mut private = key.map(|key| Private {
            key,
            request: Request::default(),
            with_directory: is_file_set,
        });
        // A zip is made while it is written; for the others it is known first how large objects are.
        if options.to.zip.is_none()
            && let Some(private) = private.take()
        {
            tree = media::deidentified(&storage, tree, private).await?;
        }
        let (path, written) = match (&options.to, private) {
            (
                To {
                    folder: Some(path), ..
                },
                _,
            ) => (path, write_folder(&storage, &tree, path).await),
            (To { iso: Some(path), .. }, _) => {
                let image = Image::new(tree, "DICOM")?;
                (path, write_file(image.stream(storage), path).await)
            }
            (To { zip: Some(path), .. }, None) => {
                (path, write_file(stream(storage, tree, packing), path).await)
            }
            (To { zip: Some(path), .. }, Some(private)) => (
                path,
                write_file(deidentified(storage, tree, packing, private), path).await,
            ),
            _ => bail!("expected --folder, --zip or --iso"),
        };
        written.with_context(|| format!("cannot write {}", path.display()))
    })
}

fn layout(options: &Options) -> anyhow::Result<Layout> {
    Ok(match options.names.as_deref() {
        None if options.as_received => Layout::FileSetAsReceived,
        None => Layout::FileSet,
        Some("anonymous") => Layout::Folders(Names::Anonymous),
        Some("plain") if options.deidentify => {
            bail!("--names plain would name the patient of de-identified objects");
        }
        Some("plain") => Layout::Folders(Names::Plain),
        Some(name) => Layout::Folders(Names::New(name.to_owned())),
    })
}

fn key(path: Option<&Path>) -> anyhow::Result<Key> {
    let Some(path) = path else {
        return Key::random().map_err(|error| anyhow::anyhow!("no random numbers: {error}"));
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Key::from_hex(text.trim()).with_context(|| format!("{}: expected 64 hexadecimal digits", path.display()))
}
