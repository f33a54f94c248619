"""Drawing: view (what to show), typesetter, layout engine, scene (where everything is), writers."""
