"""Racing decisions on real processes: everybody decides everything twice at once while workers are killed."""
