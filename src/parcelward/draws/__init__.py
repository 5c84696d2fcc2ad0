"""Double random (双随机): outlets and inspectors drawn by lot, so that anybody can repeat and nobody can steer it."""
