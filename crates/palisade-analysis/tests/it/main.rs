//! Tests of the analyses over whole models.

#[cfg(test)]
mod escalation;
mod exposure;
#[cfg(test)]
mod linkerd;
#[cfg(test)]
mod mesh;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod privilege;
#[cfg(test)]
mod reachability;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod system;
mod waypoint;
