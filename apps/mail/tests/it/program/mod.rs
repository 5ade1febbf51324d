//! The program itself, run as its users run it: the real binary, real daemons, real mailboxes.

mod asking;
mod changing;
mod cold;
mod ending;
mod failing;
mod foreign;
mod importing;
mod installing;
mod mailboxes;
mod readme;
mod starving;
mod terminal;
mod watching;
mod world;
