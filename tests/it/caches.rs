//! Items in a cache: what reads find there, what writes leave, and what a cache that fails does not break.
