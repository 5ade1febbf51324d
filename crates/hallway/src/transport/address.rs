use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::TransportError;

/// Where a peer is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A Unix domain socket: `unix:/path`.
    Unix(PathBuf),
    /// A TCP socket on a loopback address: `tcp:127.0.0.1:PORT`.
    Tcp(SocketAddr),
    /// The standard input and output of a program that is started for it: `exec:/program`.
    Exec(PathBuf),
    /// A peer in the same process.
    Memory,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Exec(program) => write!(f, "exec:{}", program.display()),
            Self::Memory => f.write_str("memory"),
        }
    }
}

impl FromStr for Address {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        let bad = || TransportError::BadAddress { text: text.to_owned() };
        match text.split_once(':') {
            Some((_, "")) => Err(bad()),
            Some(("unix", path)) => Ok(Self::Unix(path.into())),
            Some(("exec", program)) => Ok(Self::Exec(program.into())),
            Some(("tcp", address)) => loopback(address.parse().map_err(|_| bad())?),
            _ => Err(bad()),
        }
    }
}

fn loopback(address: SocketAddr) -> Result<Address, TransportError> {
    let parsed = Address::Tcp(address);
    if address.ip().is_loopback() { Ok(parsed) } else { Err(TransportError::NotLoopback { address: parsed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_it_is_written() {
        for text in ["unix:/run/x.sock", "tcp:127.0.0.1:80", "tcp:[::1]:80", "exec:/bin/cat"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_or_not_local_is_refused() {
        for text in ["", "unix:", "/path", "tcp:80", "tcp:localhost:80", "http://x", "memory"] {
            assert!(matches!(text.parse::<Address>(), Err(TransportError::BadAddress { .. })), "{text}");
        }
        for text in ["tcp:0.0.0.0:80", "tcp:10.0.0.1:80", "tcp:[::]:80"] {
            assert!(matches!(text.parse::<Address>(), Err(TransportError::NotLoopback { .. })), "{text}");
        }
    }
}
