//! Files that have a supervisor start a daemon: a user's systemd, or launchd.

use std::fmt::Write as _;
use std::path::Path;

use super::{Instance, LifecycleError, ServiceFile};

/// A file of a supervisor's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unit {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub text: String,
}

impl ServiceFile {
    /// Writes units for the user's systemd: a socket in the runtime directory of clients that have no
    /// `HALLWAY_RUNTIME_DIR`, and the daemon that it starts. The daemon may leave when it is idle; its socket stays.
    ///
    /// # Errors
    /// [`LifecycleError::BadServiceFile`] for what cannot stand in a unit: a line's end, or a path that is not UTF-8.
    pub fn systemd_units(&self) -> Result<[Unit; 2], LifecycleError> {
        let stem = unit_name(&self.instance);
        let about = if self.description.is_empty() { self.instance.stem() } else { &self.description };
        let about = literal(&about.split_whitespace().collect::<Vec<_>>().join(" "));
        let socket = format!(
            "[Unit]\n\
             Description=Socket of {instance}: {about}\n\
             \n\
             [Socket]\n\
             ListenStream=%t/hallway/{instance}.sock\n\
             SocketMode=0600\n\
             DirectoryMode=0700\n\
             RemoveOnStop=yes\n\
             \n\
             [Install]\n\
             WantedBy=sockets.target\n",
            instance = self.instance,
        );
        let mut service = format!(
            "[Unit]\n\
             Description={about}\n\
             Requires={stem}.socket\n\
             \n\
             [Service]\n\
             Type=notify\n\
             ExecStart={}\n\
             Restart=on-failure\n\
             UMask=0077\n",
            self.exec_start()?,
        );
        if !self.env.is_empty() {
            // Writing to a string cannot fail.
            let _infallible = writeln!(service, "PassEnvironment={}", literal(&self.env.join(" ")));
        }
        let _infallible = write!(service, "\n[Install]\nAlso={stem}.socket\n");
        Ok([
            Unit { name: format!("{stem}.socket"), text: socket },
            Unit { name: format!("{stem}.service"), text: service },
        ])
    }

    /// Writes a property list for launchd, which starts the daemon when the user logs in, and again when it fails. A
    /// daemon that has left is started by its clients as ever: launchd's own sockets cannot be had without unsafe code.
    ///
    /// # Errors
    /// [`LifecycleError::BadServiceFile`] for a path that is not UTF-8.
    pub fn launchd_plist(&self) -> Result<Unit, LifecycleError> {
        let label = unit_name(&self.instance);
        let program = self.program_text()?;
        let mut arguments = String::new();
        for argument in std::iter::once(program).chain(self.args.iter().map(String::as_str)) {
            let _infallible = write!(arguments, "\n      <string>{}</string>", in_xml(argument));
        }
        let text = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
  <dict>
    <key>Label</key>
    <string>{label}</string>
    <key>ProgramArguments</key>
    <array>{arguments}
    </array>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <dict>
      <key>SuccessfulExit</key>
      <false/>
    </dict>
    <key>ProcessType</key>
    <string>Background</string>
    <key>Umask</key>
    <integer>63</integer>
  </dict>
</plist>
"#
        );
        Ok(Unit { name: format!("{label}.plist"), text })
    }

    fn exec_start(&self) -> Result<String, LifecycleError> {
        // The program's name stands for itself; in arguments, a dollar would begin a variable.
        let mut line = quoted(self.program_text()?);
        for argument in &self.args {
            line.push(' ');
            line.push_str(&quoted(argument).replace('$', "$$"));
        }
        if line.contains(['\n', '\r']) { Err(self.cannot_stand("a line's end")) } else { Ok(line) }
    }

    fn program_text(&self) -> Result<&str, LifecycleError> {
        self.program.to_str().ok_or_else(|| self.cannot_stand("a path that is not UTF-8"))
    }

    fn cannot_stand(&self, what: &str) -> LifecycleError {
        let reason = format!("{what} cannot stand in a supervisor's file");
        LifecycleError::BadServiceFile { path: Path::new(self.instance.stem()).to_owned(), reason }
    }
}

/// What a supervisor calls a daemon.
fn unit_name(instance: &Instance) -> String {
    format!("hallway-{instance}")
}

/// A text that systemd replaces nothing in.
fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

/// An item of a command line of systemd's.
fn quoted(item: &str) -> String {
    format!("\"{}\"", literal(item).replace('\\', r"\\").replace('"', "\\\""))
}

fn in_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
