//! Whether a node can be reached, and if not, what stands in the way.

use std::fmt;
use std::time::Duration;

use dimse::{Proposal, Status};
use tokio::net::{TcpStream, lookup_host};

use super::{CloudNode, WebError, web};
use crate::routing::{DimseNode, Node, WebNode, associate};

/// How long each step may take.
const WITHIN: Duration = Duration::from_secs(10);

const VERIFICATION: &str = "1.2.840.10008.1.1";

/// What a test of a connection found: the first step that failed, or that none did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It works.
    Good,
    /// The configuration cannot be used.
    Configuration(String),
    /// The host's name is not known.
    Dns(String),
    /// Nobody answers at the address.
    Tcp(String),
    /// The encrypted connection is refused, by either side.
    Tls(String),
    /// Somebody answers, but not as expected.
    Answer(String),
    /// The key, code or token is not accepted.
    Key(u16),
    /// The association is rejected.
    Association(String),
    /// The association stands, and C-ECHO fails.
    Echo(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("The node answers and accepts us."),
            Self::Configuration(words) => write!(f, "The configuration cannot be used: {words}."),
            Self::Dns(host) => write!(f, "DNS: the name {host} is not known."),
            Self::Tcp(words) => write!(f, "TCP: nobody answers there: {words}."),
            Self::Tls(words) => write!(f, "TLS: no trusted connection: {words}."),
            Self::Answer(words) => write!(f, "Something answers, but not this service: {words}."),
            Self::Key(status) => write!(f, "Key: the node does not accept it (status {status})."),
            Self::Association(words) => write!(f, "Association: {words}."),
            Self::Echo(words) => write!(f, "C-ECHO failed: {words}."),
        }
    }
}

impl Finding {
    /// The sentence in Chinese.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Self::Good => "连接正常，对方接受本机。".to_owned(),
            Self::Configuration(words) => format!("配置无法使用：{words}"),
            Self::Dns(host) => format!("DNS：无法解析主机名 {host}。"),
            Self::Tcp(words) => format!("TCP：该地址无应答（{words}）。"),
            Self::Tls(words) => format!("TLS：无法建立可信的加密连接（{words}）。"),
            Self::Answer(words) => format!("有应答，但不是所需的服务（{words}）。"),
            Self::Key(status) => format!("密钥：对方不接受（状态 {status}）。"),
            Self::Association(words) => format!("DICOM 关联被拒绝（{words}）。"),
            Self::Echo(words) => format!("C-ECHO 失败（{words}）。"),
        }
    }
}

/// Tests a node step by step: name, port, encryption, service, key or association.
///
/// `calling` is our AE title.
pub async fn check(node: &Node, calling: &str) -> Finding {
    let found = match node {
        Node::Dimse(node) => dimse_node(node, calling).await,
        Node::Dicomweb(node) => web_node(node).await,
        Node::Cloud(node) => cloud_node(node).await,
    };
    found.err().unwrap_or(Finding::Good)
}

async fn cloud_node(node: &CloudNode) -> Result<(), Finding> {
    let base = web::address(&node.url)?;
    let url = web::below(&base, "gateway/v1/hello");
    ask(
        url,
        Some(web::secret(&node.key_file)?),
        node.tls_authority.as_deref(),
    )
    .await
}

async fn web_node(node: &WebNode) -> Result<(), Finding> {
    let base = web::address(&node.url)?;
    let mut url = web::below(&base, "studies");
    url.set_query(Some("limit=1"));
    let token = node.token_file.as_deref().map(web::secret).transpose()?;
    ask(url, token, node.tls_authority.as_deref()).await
}

impl From<WebError> for Finding {
    fn from(error: WebError) -> Self {
        Self::Configuration(error.to_string())
    }
}

async fn ask(
    url: reqwest::Url,
    key: Option<String>,
    authority: Option<&std::path::Path>,
) -> Result<(), Finding> {
    let client = web::client(&url, authority)?;
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    reach(host, url.port_or_known_default().unwrap_or(443)).await?;
    let mut request = client.get(url).timeout(WITHIN);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request
        .send()
        .await
        .map_err(|error| match web::tls_failure(&error) {
            Some(words) => Finding::Tls(words),
            None => Finding::Answer(web::words(&error)),
        })?;
    match answer.status().as_u16() {
        200 | 204 => Ok(()),
        status @ (401 | 403 | 429) => Err(Finding::Key(status)),
        status => Err(Finding::Answer(format!("status {status}"))),
    }
}

/// Finds the host and opens its port.
async fn reach(host: &str, port: u16) -> Result<(), Finding> {
    let unknown = || Finding::Dns(host.to_owned());
    let found = tokio::time::timeout(WITHIN, lookup_host((host, port))).await;
    let addresses: Vec<_> = found.map_err(|_| unknown())?.map_err(|_| unknown())?.collect();
    if addresses.is_empty() {
        return Err(unknown());
    }
    let opened = tokio::time::timeout(WITHIN, TcpStream::connect(&addresses[..])).await;
    let opened = opened.map_err(|_| Finding::Tcp("no answer in time".to_owned()))?;
    opened.map_err(|error| Finding::Tcp(error.to_string()))?;
    Ok(())
}

async fn dimse_node(node: &DimseNode, calling: &str) -> Result<(), Finding> {
    let expected = || Finding::Configuration(format!("expected host:port, found {:?}", node.address));
    let (host, port) = node.address.rsplit_once(':').ok_or_else(expected)?;
    let port = port.parse().map_err(|_| expected())?;
    let tls = node
        .tls_authority
        .as_deref()
        .map(crate::tls::connector)
        .transpose()?;
    reach(host.trim_matches(['[', ']']), port).await?;
    let proposals = [Proposal::uncompressed(VERIFICATION)];
    let mut client = associate(node, tls.as_ref(), calling, &proposals)
        .await
        .map_err(association)?;
    let echoed = client
        .echo()
        .await
        .map_err(|error| Finding::Echo(error.to_string()))?;
    let _ = client.release().await;
    if echoed.status == Status::SUCCESS {
        Ok(())
    } else {
        Err(Finding::Echo(format!("status {}", echoed.status)))
    }
}

fn association(error: dimse::Error) -> Finding {
    match &error {
        dimse::Error::Io(io) => match io
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            Some(tls) => Finding::Tls(tls.to_string()),
            None => Finding::Answer(error.to_string()),
        },
        dimse::Error::Rejected(rejection) => Finding::Association(format!("rejected: {rejection}")),
        dimse::Error::Closed | dimse::Error::Aborted { .. } => Finding::Association(error.to_string()),
        _ => Finding::Answer(error.to_string()),
    }
}
