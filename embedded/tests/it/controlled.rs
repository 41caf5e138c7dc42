//! The control plane: states that take polls, limits, and settings that are kept.

mod files;
mod indexes;
mod items;
mod limits;
mod property;
mod settings;
mod stage;
mod states;
