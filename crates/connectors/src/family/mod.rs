//! What kin among the connectors share.
