"""The engine at a distance: `reskin serve`. Nothing of it is imported by the local path.

the event loop         server.py: sockets; door.py: who gets in; routes.py: what they get; host.py: offers to sessions;
                       peer.py: WebRTC around one session
the stepper's thread   stepper.py: whose frame is next
the engine's process   process_renderer.py: a renderer for each session
where they meet        session.py: the newest frame in, the newest painting out, and how it shall look
"""
